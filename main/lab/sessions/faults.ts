/** What a file system refuses, as one sentence with what to do about it. */
import { SessionFormatError } from '../../../shared/session/file-kind.ts';
import { LabError, sentenceOf } from '../errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, or choose another folder',
  EDQUOT: 'your quota is used up: free some space, or choose another folder',
  EFBIG: 'the file has reached the size that this file system or `ulimit -f` allows',
  EACCES: 'this user may not do that there: choose another folder',
  EPERM: 'this user may not do that there: choose another folder',
  EROFS: 'the file system is read-only: choose another folder',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'there is such a file already: choose another name',
  ENOTEMPTY: 'there is such a folder already, and it is not empty: choose another name',
  EMFILE: 'no file descriptor is left: `ulimit -n` says how many there may be',
  EIO: 'the disk failed',
};

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

export const reasonOf = (error: unknown): string => reasons[codeOf(error)] ?? sentenceOf(error);

const userFaults = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'EACCES', 'EROFS', 'EPERM']);

/** Of what is only read, there is no other folder to choose. */
export function readFault(what: string, error: unknown): LabError {
  const isDenied = codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM';
  return isDenied ? new LabError('bad-input', `${what}: this user may not read it.`) : fileFault(what, error);
}

/** `what` is the beginning of the sentence: "x.fdscope cannot be opened". Faults of the lab pass as they are. */
export function fileFault(what: string, error: unknown): LabError {
  if (error instanceof LabError) return error;
  if (error instanceof SessionFormatError) return new LabError('bad-input', error.message);
  return new LabError(userFaults.has(codeOf(error)) ? 'bad-input' : 'failed', `${what}: ${reasonOf(error)}.`);
}
