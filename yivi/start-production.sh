#!/bin/sh
# Starts the Yivi server of the production form, behind a reverse proxy that ends TLS and passes /irma/* on to port 8089.
#
#   CIVICLINE_DOMAIN      the public host name, as registered with Yivi (https://portal.yivi.app)
#   CIVICLINE_IRMA_TOKEN  the gateway's key; letters, digits and + / = _ -
#   YIVI_DIRECTORY        /var/lib/yivi: schemes/ and the key that signs results, both made when missing
#
# Further arguments go to the server, such as --schemes-update 0. Without schemes it downloads those of Yivi.
set -eu
: "${CIVICLINE_DOMAIN:?is not set}" "${CIVICLINE_IRMA_TOKEN:?is not set}"
directory=${YIVI_DIRECTORY:-/var/lib/yivi}

case $CIVICLINE_IRMA_TOKEN in
  *[!A-Za-z0-9+/=_-]*) echo "CIVICLINE_IRMA_TOKEN may have letters, digits and + / = _ - only" >&2; exit 2 ;;
esac

mkdir -p "$directory/schemes"
key=$directory/jwt-key.pem
if [ ! -s "$key" ]; then
  (umask 077 && openssl genrsa -out "$key.new" 2048 2>/dev/null && mv "$key.new" "$key")
fi

# By the environment, for a command line can be read by everybody. It discloses and has documents signed; it does not issue.
export IRMASERVER_REQUESTORS="{\"civicline\":{\"auth_method\":\"token\",\"key\":\"$CIVICLINE_IRMA_TOKEN\",\"disclose_perms\":[\"*\"],\"sign_perms\":[\"*\"]}}"

set -- --production --no-tls --no-auth=false \
  --url "https://$CIVICLINE_DOMAIN" --port 8088 --client-port 8089 \
  --schemes-path "$directory/schemes" --jwt-privkey-file "$key" --sse "$@"

# The server writes down the request of each session, and the caller's code in it; v1.3.0 does so in spite of --quiet. So
# nothing that it says is kept, and its own check says first what is wrong with its settings.
yivi irma server check "$@"
exec yivi irma server "$@" > /dev/null 2>&1
