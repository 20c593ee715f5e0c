/** Where sessions are kept, and what their files are called. */
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { sessionExtension } from '../../../shared/session/file-kind.ts';

/** The XDG base directories must be absolute; one that is not is to be ignored. */
const base = (value: string | undefined, fallback: string): string =>
  value !== undefined && isAbsolute(value) ? value : join(homedir(), fallback);

/** FDSCOPE_SESSIONS overrides it. */
export const sessionsFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  env.FDSCOPE_SESSIONS !== undefined && isAbsolute(env.FDSCOPE_SESSIONS)
    ? env.FDSCOPE_SESSIONS
    : join(base(env.XDG_DATA_HOME, '.local/share'), 'fdscope/sessions');

export const settingsFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(base(env.XDG_CONFIG_HOME, '.config'), 'fdscope');

/** A name as a part of a file's name: what shells and other systems stumble over is left out. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\w.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80);
  return slug === '' ? 'session' : slug;
}

/** `stem` with its extension, and a number where there is such a file already. */
export async function freeName(folder: string, stem: string): Promise<string> {
  for (let number = 1; ; number++) {
    const file = `${stem}${number === 1 ? '' : `-${number}`}${sessionExtension}`;
    try {
      await access(join(folder, file));
    } catch {
      return file;
    }
  }
}

/** "2026-11-27 14:58:23", local time. */
export function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Local time, as names of files may have it. */
export const stampOf = (date: Date): string => localTime(date).replace(' ', 'T').replaceAll(':', '-');
