#!/usr/bin/perl
# Render training pictures with Debian's libauthen-captcha-perl into OUT/authen/LABEL_HASH.png.
#
#   perl render_authen.pl OUT COUNT SEED [FIRST]
#
# Picture i depends on (SEED, i) alone.
use strict;
use warnings;
use Authen::Captcha;
use Digest::SHA qw(sha1_hex);
use File::Path qw(make_path);
use Time::HiRes qw(time);

# The package has glyph pictures for these characters only.
my @symbols = (2 .. 9, 'a' .. 'z');
my @lengths = (3, (4) x 8, (5) x 14, (6) x 8, 7);

die "usage: perl render_authen.pl OUT COUNT SEED [FIRST]\n" if @ARGV < 3;
my ($out, $count, $seed, $first) = (@ARGV, 0);
my $folder = "$out/authen";
make_path($folder);
my $begun = time;
for my $index ($first .. $first + $count - 1) {
    srand(hex substr(sha1_hex("$seed:authen:$index"), 0, 8));
    my ($width, $height) = (25, 35);
    if (rand() < 0.12) {
        $width  = 22 + int rand 12;
        $height = 32 + int rand 12;
    }
    my $drawer = Authen::Captcha->new(width => $width, height => $height);
    my $text = join '', map { $symbols[rand @symbols] } 1 .. $lengths[rand @lengths];
    my $png = ${ $drawer->create_image_file($text) };
    my $path = sprintf '%s/%s_%s.png', $folder, $text, substr(sha1_hex($png), 0, 10);
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} $png;
    close $file or die "cannot write $path: $!\n";
}
printf "authen: %d pictures, %.0f/s\n", $count, $count / (time - $begun);
