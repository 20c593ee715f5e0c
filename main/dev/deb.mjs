/**
 * The Debian package, by dpkg-deb out of the folder that electron-builder packaged: electron-builder's own maker downloads a
 * tool for it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, SetupError } from './setup.mjs';

const machines = { x64: 'amd64', arm64: 'arm64' };

/**
 * What holds the libraries that Electron is linked with; the engine has its own in it. Names are those of Debian 12 and,
 * behind the bar, of releases whose time has 64 bits. test/install holds them against a clean Debian.
 */
const depends = [
  'libasound2 | libasound2t64',
  'libatk-bridge2.0-0 | libatk-bridge2.0-0t64',
  'libatk1.0-0 | libatk1.0-0t64',
  'libatspi2.0-0 | libatspi2.0-0t64',
  'libc6 (>= 2.28)',
  'libcairo2',
  'libcups2 | libcups2t64',
  'libdbus-1-3',
  'libdrm2',
  'libexpat1',
  'libgbm1',
  'libgcc-s1',
  'libglib2.0-0 | libglib2.0-0t64',
  'libgtk-3-0 | libgtk-3-0t64',
  'libnspr4',
  'libnss3',
  'libpango-1.0-0',
  'libudev1',
  'libx11-6',
  'libxcb1',
  'libxcomposite1',
  'libxdamage1',
  'libxext6',
  'libxfixes3',
  'libxkbcommon0',
  'libxrandr2',
];

const place = '/opt/fdscope';

/**
 * One word for both: a word that is no file is a command of the command line, which is Electron's program asked to be Node;
 * all else is the app's. Chromium would end by a signal, without a sentence, for root, before the app itself is asked.
 */
const starter = `#!/bin/sh
app=${place}/fdscope
command_line() {
  ELECTRON_RUN_AS_NODE=1 exec "$app" ${place}/resources/app.asar/out/electron/cli.mjs "$@"
}
case "\${1-}" in
  -h | --help | -V | --version) command_line "$@" ;;
  '' | *[!a-z-]* | -*) ;;
  *) [ -e "$1" ] || command_line "$@" ;;
esac
if [ "$(id -u)" = 0 ]; then
  echo 'The window of fdscope does not open for root, whom its sandbox does not hold: start it as another user.' >&2
  exit 1
fi
exec "$app" "$@"
`;

/** Ubuntu from 23.10 on keeps user namespaces, of which the sandbox is made, from programs without such a profile. */
const appArmor = `abi <abi/4.0>,
include <tunables/global>

profile fdscope ${place}/fdscope flags=(unconfined) {
  userns,

  include if exists <local/fdscope>
}
`;

const shippedProfile = `${place}/resources/apparmor-profile`;
const profile = '/etc/apparmor.d/fdscope';

/**
 * AppArmor before 4 does not know the language of the profile, and would complain of it at every start of the machine: there
 * it stays out of its folder, and nothing is missing, as such systems do not keep namespaces from programs.
 */
const postinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if command -v apparmor_parser >/dev/null && apparmor_parser --skip-kernel-load --debug ${shippedProfile} >/dev/null 2>&1; then
    cp ${shippedProfile} ${profile}
    if [ -e /sys/kernel/security/apparmor/.replace ]; then
      apparmor_parser --replace --write-cache ${profile} || true
    fi
  else
    rm -f ${profile}
  fi
fi
`;
/** Before and not after it is removed: a package with a script for afterwards stays known to dpkg for its sake. */
const prerm = `#!/bin/sh
set -e
if [ "$1" = remove ]; then
  if [ -e ${profile} ] && [ -e /sys/kernel/security/apparmor/.remove ] && command -v apparmor_parser >/dev/null; then
    apparmor_parser --remove ${profile} >/dev/null 2>&1 || true
  fi
  rm -f ${profile}
fi
`;

const mimeTypes = (associations) => `<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
${associations
  .map(
    ({ ext, mimeType, description }) => `  <mime-type type="${mimeType}">
    <comment>${description}</comment>
${ext.endsWith('.yaml') ? '    <sub-class-of type="application/yaml"/>\n' : ''}    <glob pattern="*.${ext}" weight="80"/>
  </mime-type>`,
  )
  .join('\n')}
</mime-info>
`;

function desktopEntry({ linux, fileAssociations }) {
  const { entry } = linux.desktop;
  const all = {
    Type: 'Application',
    ...entry,
    Exec: 'fdscope %U',
    Icon: 'fdscope',
    Terminal: 'false',
    Categories: `${linux.category};`,
    MimeType: `${fileAssociations.map(({ mimeType }) => mimeType).join(';')};`,
  };
  const lines = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return ['[Desktop Entry]', ...lines, ''].join('\n');
}

/** What `dpkg --verify` holds the installed files against: paths below `tree`, with the sums of their bytes. */
function checksums(tree, folder = '') {
  return readdirSync(join(tree, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return path === 'DEBIAN' ? [] : checksums(tree, path);
    return `${createHash('md5')
      .update(readFileSync(join(tree, path)))
      .digest('hex')}  ${path}\n`;
  });
}

/** In KiB, as dpkg counts it. */
const sizeOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 1)
    : Math.ceil(statSync(path).size / 1024);

function control({ version, arch, config, installedKib }) {
  const { linux } = config;
  const description = linux.description.trim().replaceAll('\n', '\n ');
  const fields = {
    Package: 'fdscope',
    Version: version,
    Section: 'devel',
    Priority: 'optional',
    Architecture: machines[arch],
    Maintainer: linux.maintainer,
    'Installed-Size': installedKib,
    Depends: depends.join(', '),
    // The first makes file types known to the desktop.
    Recommends: 'desktop-file-utils, shared-mime-info, hicolor-icon-theme, xdg-utils',
    Description: `${linux.synopsis}\n ${description}`,
  };
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n`;
}

/** Whatever the mask of who makes the package. */
function letEverybodyRead(path) {
  const stat = statSync(path);
  chmodSync(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) letEverybodyRead(join(path, name));
}

/**
 * Makes fdscope_VERSION_ARCH.deb in `output` of `packaged`, the folder of the app. Returns its path. Throws SetupError.
 * @param {{packaged: string, output: string, arch: string, version: string, config: object, compression?: string[]}} what
 *   `config` is electron-builder's; `compression` are options of dpkg-deb
 */
export function makeDeb({ packaged, output, arch, version, config, compression = ['-Zxz', '-z6'] }) {
  if (spawnSync('dpkg-deb', ['--version'], { stdio: 'ignore' }).error) {
    throw new SetupError('dpkg-deb is missing, which makes Debian packages: apt-get install dpkg.');
  }
  const tree = mkdtempSync(join(tmpdir(), 'fdscope-deb-'));
  try {
    const put = (path, text, mode = 0o644) => {
      const file = join(tree, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode });
    };
    cpSync(packaged, join(tree, place), { recursive: true });
    // Electron's own app, which shows itself where there is no other.
    rmSync(join(tree, place, 'resources/default_app.asar'), { force: true });
    put('usr/bin/fdscope', starter, 0o755);
    put('usr/share/applications/fdscope.desktop', desktopEntry(config));
    put('usr/share/mime/packages/fdscope.xml', mimeTypes(config.fileAssociations));
    put('usr/share/doc/fdscope/copyright', readFileSync(join(root, 'LICENSE'), 'utf8'));
    const icons = join(root, config.linux.icon);
    for (const name of readdirSync(icons)) {
      const size = name.replace('.png', '');
      put(`usr/share/icons/hicolor/${size}/apps/fdscope.png`, readFileSync(join(icons, name)));
    }
    put('usr/share/icons/hicolor/scalable/apps/fdscope.svg', readFileSync(join(root, 'renderer/icon.svg')));
    put(shippedProfile, appArmor);
    const installedKib = sizeOf(tree);
    put('DEBIAN/md5sums', checksums(tree).join(''));
    put('DEBIAN/control', control({ version, arch, config, installedKib }));
    put('DEBIAN/postinst', postinst, 0o755);
    put('DEBIAN/prerm', prerm, 0o755);
    letEverybodyRead(tree);
    // Where user namespaces are kept from programs, this helper makes the sandbox as root.
    const helper = join(tree, place, 'chrome-sandbox');
    if (existsSync(helper)) chmodSync(helper, 0o4755);
    mkdirSync(output, { recursive: true });
    const deb = join(output, `fdscope_${version}_${machines[arch]}.deb`);
    const args = ['--root-owner-group', ...compression, '--build', tree, deb];
    const { status, stderr } = spawnSync('dpkg-deb', args, { encoding: 'utf8' });
    if (status !== 0) throw new SetupError(`dpkg-deb failed: ${stderr.trim()}`);
    return deb;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
