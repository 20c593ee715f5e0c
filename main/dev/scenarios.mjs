// `npm run scenarios`: runs every shipped scenario to its conclusion; `npm run scenarios -- slowloris six-steps` only those
// named. What starts with a dash goes to `fdscope run`: `npm run scenarios -- --repeats 3`.
// Exit code 0: all expectations that could be judged held; 4: one did not; 1: a scenario could not be run.
import { conclude, scenarioNames, unmetCode } from './scenario-runs.mjs';
import { BadInput, ensureBuild, ensureEngine, ensurePackages, exitWithSentence } from './setup.mjs';

const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const wanted = firstOption === -1 ? args : args.slice(0, firstOption);
const options = firstOption === -1 ? [] : args.slice(firstOption);

async function main() {
  const names = scenarioNames();
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new BadInput(`There is no scenario "${unknown}": choose ${names.join(', ')}.`);
  await ensurePackages();
  await ensureEngine('release');
  await ensureBuild();
  const results = [];
  for (const name of wanted.length > 0 ? wanted : names) results.push(await conclude(name, options));
  const sum = (key) => results.reduce((total, each) => total + Number(each[key]), 0);
  const broken = results.filter(({ wasRun }) => !wasRun);
  console.log(
    `\n${results.length} scenarios: ${sum('held')} expectations held, ${sum('unmet')} did not, ${sum('unjudged')} could not be judged, ${broken.length} scenarios could not be run`,
  );
  process.exitCode = broken.length > 0 ? 1 : sum('unmet') > 0 ? unmetCode : 0;
}

await main().catch(exitWithSentence);
