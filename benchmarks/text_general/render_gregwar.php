<?php
// Render training pictures with Debian's php-gregwar-captcha into OUT/gregwar/LABEL_HASH.jpg.
//
//   php render_gregwar.php OUT COUNT SEED [FIRST]
//
// Picture i depends on (SEED, i) alone. The library passes floats where PHP 8 wants integers, which
// PHP reports as deprecated at each pixel: such reports are switched off.

error_reporting(E_ALL & ~E_DEPRECATED);
require '/usr/share/php/Gregwar/Captcha/autoload.php';

use Gregwar\Captcha\CaptchaBuilder;

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const PHRASES = 'abcdefghijklmnpqrstuvwxyz123456789';  // the library's own alphabet
const ALPHABETS = [PHRASES, PHRASES, PHRASES, DIGITS, DIGITS, LOWER, DIGITS . LOWER];
const LENGTHS = [3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 7];
const SIZES = [[200, 60], [150, 40], [120, 40], [160, 50]];
const FONT_PATTERNS = [
    '/usr/share/fonts/truetype/dejavu/*.ttf',
    '/usr/share/fonts/truetype/liberation2/*.ttf',
    '/usr/share/fonts/truetype/freefont/*.ttf',
    '/usr/share/fonts/truetype/comfortaa/*.ttf',
    '/usr/share/fonts/opentype/linux-libertine/LinLibertine_R*.otf',
];

function pick(array $list)
{
    return $list[mt_rand(0, count($list) - 1)];
}

function drawText(): string
{
    $alphabet = pick(ALPHABETS);
    $length = pick(LENGTHS);
    $text = '';
    for ($i = 0; $i < $length; $i++) {
        $text .= $alphabet[mt_rand(0, strlen($alphabet) - 1)];
    }
    return $text;
}

function render(array $fonts): array
{
    $text = drawText();
    [$width, $height] = pick(SIZES);
    if (mt_rand(0, 99) < 15) {
        $width = mt_rand(100, 240);
        $height = (int) ($width * mt_rand(25, 40) / 100);
    }
    $builder = new CaptchaBuilder($text);
    if (mt_rand(0, 99) < 10) {
        $builder->setMaxAngle(mt_rand(0, 20))->setMaxOffset(mt_rand(0, 8));
    }
    if (mt_rand(0, 99) < 8) {
        $builder->setInterpolation(false);
    }
    if (mt_rand(0, 99) < 5) {
        $builder->setDistortion(false);
    }
    if (mt_rand(0, 99) < 6) {
        $builder->setMaxFrontLines(mt_rand(0, 3))->setMaxBehindLines(mt_rand(0, 3));
    }
    if (mt_rand(0, 99) < 6) {
        $builder->setBackgroundColor(mt_rand(200, 255), mt_rand(200, 255), mt_rand(200, 255));
    }
    $font = mt_rand(0, 99) < 15 ? pick($fonts) : null;
    $builder->build($width, $height, $font);
    return [$text, $builder->get(mt_rand(0, 3) === 0 ? mt_rand(70, 95) : 90)];
}

if ($argc < 4) {
    fwrite(STDERR, "usage: php render_gregwar.php OUT COUNT SEED [FIRST]\n");
    exit(2);
}
[, $out, $count, $seed] = $argv;
$first = (int) ($argv[4] ?? 0);
$folder = "$out/gregwar";
is_dir($folder) || mkdir($folder, 0777, true);
$fonts = array_merge(...array_map('glob', FONT_PATTERNS));
sort($fonts);
$begun = microtime(true);
for ($index = $first; $index < $first + (int) $count; $index++) {
    mt_srand(crc32("$seed:gregwar:$index"));
    [$text, $jpeg] = render($fonts);
    file_put_contents("$folder/{$text}_" . substr(sha1($jpeg), 0, 10) . '.jpg', $jpeg);
}
printf("gregwar: %d pictures, %.0f/s\n", $count, $count / (microtime(true) - $begun));
