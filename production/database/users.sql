-- A user for each role, which owns that role's schema and can read no other. For an empty database, by its owner:
--   DATABASE_PASSWORD_CALLS=… DATABASE_PASSWORD_SMIS=… … psql -f users.sql postgres://…
-- The compose file runs it when it makes the database. psql 14 or newer.
\set ON_ERROR_STOP on
\getenv calls_password DATABASE_PASSWORD_CALLS
\getenv smis_password DATABASE_PASSWORD_SMIS
\getenv sms_password DATABASE_PASSWORD_SMS
\getenv email_password DATABASE_PASSWORD_EMAIL

begin;
-- Else everybody may connect, and make temporary tables.
revoke all on database :"DBNAME" from public;
revoke all on schema public from public;

create role civicline_calls login password :'calls_password';
create role civicline_smis login password :'smis_password';
create role civicline_sms login password :'sms_password';
create role civicline_email login password :'email_password';
grant connect on database :"DBNAME" to civicline_calls, civicline_smis, civicline_sms, civicline_email;

create schema calls authorization civicline_calls;
create schema smis authorization civicline_smis;
create schema sms authorization civicline_sms;
create schema email authorization civicline_email;
commit;
