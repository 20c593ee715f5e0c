/** Absolute path of a program in PATH, or in one of `more` folders (/usr/bin where none are named), or undefined. */
export function onPath(
  name: string,
  where?: { readonly env?: NodeJS.ProcessEnv; readonly more?: readonly string[] },
): string | undefined;
