#!/usr/bin/perl
# A small SMSC on Net::SMPP (Debian libnet-smpp-perl): says "port N", then "submit DESTINATION HEX" for each segment that
# it takes. The 50th to 60th submits are throttled; every taken one gets a hexadecimal id in capitals and a receipt with the
# same id in decimal. Ends with its standard input.
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

use constant { THROTTLED => 0x58, INVALID_COMMAND => 0x03 };

my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34) or die "listen: $!";
my $select = IO::Select->new($server, \*STDIN);
my ($receiver, $submits, $last_id) = (undef, 0, 0xc0ffee);
$| = 1;
printf "port %d\n", $server->sockport;

while (1) {
    for my $handle ($select->can_read) {
        if ($handle == $server) {
            my $peer = $server->accept;
            $select->add($peer) if $peer;
        } elsif ($handle == \*STDIN) {
            exit if !sysread STDIN, my $rest, 1024;
        } else {
            serve($handle);
        }
    }
}

sub serve {
    my ($peer) = @_;
    my $pdu = $peer->read_pdu;
    if (!$pdu) {
        undef $receiver if $receiver && $receiver == $peer;
        $select->remove($peer);
        close $peer;
        return;
    }
    my %answer = (seq => $pdu->{seq});
    my $command = Net::SMPP::pdu_tab->{$pdu->{cmd}}{cmd} // 'unknown';
    if ($command =~ /^bind_(transceiver|receiver|transmitter)$/) {
        $receiver = $peer if $1 ne 'transmitter';
        my $resp = "${command}_resp";
        $peer->$resp(%answer, system_id => 'Net::SMPP');
    } elsif ($command eq 'submit_sm') {
        submit($peer, $pdu, %answer);
    } elsif ($command eq 'enquire_link') {
        $peer->enquire_link_resp(%answer);
    } elsif ($command eq 'unbind') {
        $peer->unbind_resp(%answer);
    } elsif ($command !~ /_resp$|^generic_nack$/) {
        $peer->generic_nack(%answer, status => INVALID_COMMAND);
    }
}

sub submit {
    my ($peer, $pdu, %answer) = @_;
    if (++$submits >= 50 && $submits <= 60) {
        $peer->submit_sm_resp(%answer, status => THROTTLED, message_id => '');
        return;
    }
    my $id = ++$last_id;
    printf "submit %s %s\n", $pdu->{destination_addr}, unpack 'H*', $pdu->{short_message};
    $peer->submit_sm_resp(%answer, message_id => sprintf '%X', $id);
    return if !$receiver;
    $receiver->deliver_sm(
        async => 1, esm_class => 0x04,
        source_addr_ton => 1, source_addr_npi => 1, source_addr => $pdu->{destination_addr},
        dest_addr_ton => 0, dest_addr_npi => 0, destination_addr => $pdu->{source_addr},
        short_message => "id:$id sub:001 dlvrd:001 submit date:2607251200 done date:2607251201 stat:DELIVRD err:000 text:",
    );
}
