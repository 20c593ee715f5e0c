/** All commands, in the order in which the help lists them. README.md describes each; a test keeps the two together. */
import type { Register } from '../command.ts';
import { registerCompare } from './compare.ts';
import { registerCompletion, registerMan } from './completion.ts';
import { registerDoctor } from './doctor.ts';
import { registerExport } from './export.ts';
import { registerGlossary } from './glossary.ts';
import { registerInfo } from './info.ts';
import { registerLesson, registerLessons } from './lesson.ts';
import { registerLoad } from './load.ts';
import { registerModels } from './models.ts';
import { registerPlaces } from './places.ts';
import { registerRun } from './run.ts';
import { registerSchema } from './schema.ts';
import { registerServe } from './serve.ts';
import { registerSessions } from './sessions.ts';
import { registerSwitchCost } from './switch-cost.ts';
import { registerSweep } from './sweep.ts';
import { registerWalk, registerWalks } from './walk.ts';
import { registerWeb } from './web.ts';

export const commands: readonly Register[] = [
  registerModels,
  registerDoctor,
  registerRun,
  registerCompare,
  registerSweep,
  registerServe,
  registerLoad,
  registerPlaces,
  registerSessions,
  registerInfo,
  registerExport,
  registerSwitchCost,
  registerWalk,
  registerWalks,
  registerLesson,
  registerLessons,
  registerGlossary,
  registerWeb,
  registerSchema,
  registerCompletion,
  registerMan,
];
