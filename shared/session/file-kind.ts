/** What all know of session files without their bytes; apart from the format, which brings the wire and its schemas along. */

export const sessionExtension = '.fdscope';

/** Why a file is not a session that this program can read, in one sentence. */
export class SessionFormatError extends Error {
  override readonly name = 'SessionFormatError';
}
