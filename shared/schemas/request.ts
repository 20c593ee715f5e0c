/**
 * What clients ask of a server that is not the lab's, where it is more than the usual request. The load engine checks the
 * same, and what belongs to which protocol (`main/engine/load/request_maker.cpp`).
 */
import { z } from 'zod';

/** RFC 9110 5.6.2. */
const token = "[!#$%&'*+.^_`|~\\w-]+";
const mostKeys = 1_000_000_000;
const mostPaths = 10_000;

/** A path of http; the larger its weight beside those of others, the oftener it is asked for. */
const weightedPathSchema = z.strictObject({
  path: z.string().regex(/^\/[^\s\p{Cc}]*$/u, 'must begin with / and have no blanks in it'),
  weight: z.number().min(0.001).max(1_000_000).default(1),
});

const share = z.number().min(0).max(1_000_000).default(0);

export const requestSchema = z.strictObject({
  /** http: GET where it is not given, or POST with a body. */
  method: z
    .string()
    .regex(new RegExp(`^${token}$`), 'must be a method such as GET or PUT')
    .optional(),
  /** http: each "Name: value"; "Host" replaces the usual one. */
  headers: z
    .array(z.string().regex(new RegExp(`^${token}:[^\\n\\r\\0]*$`), 'must be a name, a colon and a value on one line'))
    .max(100)
    .optional(),
  /** http: in place of `path`. */
  paths: z.array(weightedPathSchema).min(1).max(mostPaths).optional(),
  /** resp: how often each command comes, by weight. Keys are "fdscope:" and twelve digits. */
  commands: z.strictObject({ get: share, set: share, ping: share }).optional(),
  /** resp: how many keys there are; each is as likely as the others. */
  keys: z.number().int().min(1).max(mostKeys).optional(),
  /** resp: size of a value that is set. */
  valueBytes: z.number().int().min(0).max(16_777_216).optional(),
});

/**
 * With what is read from files. Only who types a command names those: a scenario or a session, which may be another's,
 * must not send a file of the user's to anybody.
 */
export const requestWithFilesSchema = requestSchema.extend({
  /** http: the body. */
  bodyFile: z.string().min(1).optional(),
  /** resp: who AUTH names; none for the default user. */
  user: z.string().min(1).max(256).optional(),
  /** resp: holds the password that AUTH gives, which so is in no list of processes and in no result. */
  passwordFile: z.string().min(1).optional(),
});

export type RequestSettings = z.infer<typeof requestWithFilesSchema>;
