#!/usr/bin/perl
# Render training pictures with Debian's libgd-securityimage-perl into OUT/gdsecurity/LABEL_HASH.png
#
#   perl render_gdsecurity.pl OUT COUNT SEED [FIRST]
#
# Picture i depends on (SEED, i) alone.
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use File::Path qw(make_path);
use GD::SecurityImage;
use Time::HiRes qw(time);

my @upper   = ('A' .. 'Z');
my @lengths = (3, (4) x 7, (5) x 9, (6) x 14, 7);
my @styles  = qw(default rect box circle ellipse ec blank);
my @widths  = (160, 200, 200, 240, 240, 300);
my @heights = (60, 70, 80);
my @fonts   = sort map { glob } (
    '/usr/share/fonts/truetype/dejavu/DejaVuS*.ttf',
    '/usr/share/fonts/truetype/liberation2/*.ttf',
    '/usr/share/fonts/truetype/freefont/*.ttf',
    '/usr/share/fonts/truetype/lato/Lato-{Regular,Italic,Medium,Bold}.ttf',
    '/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-{Regular,Medium,Bold}.ttf',
    '/usr/share/fonts/truetype/ttf-bitstream-vera/*.ttf',
);

sub pick { return $_[ int rand @_ ] }

sub colour {
    my ($low, $high) = @_;
    return [ map { $low + int rand($high - $low + 1) } 1 .. 3 ];
}

sub render {
    my @alphabet = rand() < 0.8 ? (0 .. 9, @upper) : rand() < 0.5 ? @upper : (0 .. 9);
    my $text  = join '', map { pick(@alphabet) } 1 .. pick(@lengths);
    my $style = pick(@styles);
    my ($width, $height) = (pick(@widths), pick(@heights));
    $width = 240 if $width < 240 && length $text > 5;
    ($width, $height) = (140 + int rand 180, 50 + int rand 40) if rand() < 0.1;
    my $scramble = rand() < 0.4 ? 1 : 0;
    my $size = $scramble ? 14 + int rand 9 : 18 + int rand 15;
    $size = 20 if !$scramble && $size * 0.85 * length($text) > $width;
    my $image = GD::SecurityImage->new(
        width      => $width,
        height     => $height,
        ptsize     => $size,
        lines      => pick(4 .. 14),
        font       => pick(@fonts),
        bgcolor    => colour(200, 255),
        scramble   => $scramble,
        angle      => !$scramble && rand() < 0.2 ? int(rand 21) - 10 : 0,
        send_ctobg => rand() < 0.2 ? 1 : 0,
        thickness  => rand() < 0.1 ? 2 : 0,
        rndmax     => length $text,
    );
    $image->random($text);
    my ($ink, $line) = (colour(0, 110), colour(60, 200));
    # The style "box" fills with both colours: text and frame in one, the field in the other.
    ($ink, $line) = (colour(0, 100), colour(70, 160)) if $style eq 'box';
    $image->create(ttf => $style, $ink, $line);
    $image->particle(200 + int rand 1400, pick(1, 1, 1, 2)) if rand() < 0.5;
    my ($data) = $image->out(force => 'png');
    return ($text, $data);
}

die "usage: perl render_gdsecurity.pl OUT COUNT SEED [FIRST]\n" if @ARGV < 3;
die "expected fonts; install the packages of README.md\n" if !@fonts;
my ($out, $count, $seed, $first) = (@ARGV, 0);
my $folder = "$out/gdsecurity";
make_path($folder);
my $begun = time;
for my $index ($first .. $first + $count - 1) {
    srand(hex substr(sha1_hex("$seed:gdsecurity:$index"), 0, 8));
    my ($text, $png) = render();
    my $path = sprintf '%s/%s_%s.png', $folder, $text, substr(sha1_hex($png), 0, 10);
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} $png;
    close $file or die "cannot write $path: $!\n";
}
printf "gdsecurity: %d pictures, %.0f/s\n", $count, $count / (time - $begun);
