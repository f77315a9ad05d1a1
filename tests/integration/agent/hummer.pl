#!/usr/bin/perl
# A voice that hums a tenth of a second for each clause and does not say what it says: quick to
# listen to, and no mouth can follow it. See agent/voice/PROTOCOL.md.
use strict;
use warnings;

$| = 1;

sub put {
    my ($kind, $payload) = @_;
    print pack('CxxxV', $kind, length $payload) . $payload;
}

sub get {
    my ($size) = @_;
    my $data = '';
    while (length $data < $size) {
        sysread(STDIN, $data, $size - length $data, length $data) or exit 0;
    }
    return $data;
}

while (1) {
    my ($kind, $size) = unpack 'CxxxV', get(8);
    my $clause = substr get($size), 0, 12;
    next if $kind != 1;
    put(16, $clause . pack 'V', 22050);
    put(17, $clause . ("\0\1" x 2205));
    put(20, $clause . pack 'V', 2205);
}
