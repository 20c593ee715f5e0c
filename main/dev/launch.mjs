// `node main/dev/launch.mjs NAME ARGS…` runs main/dev/NAME.mjs, as the scripts of package.json do. The version of Node is
// looked at first: an older one cannot even read those files, and would answer with a syntax error. So this one is written
// for Node 12, and imports nothing before it has looked.
var needed = 20;
if (Number(process.versions.node.split('.')[0]) < needed) {
  console.error(
    'fdscope needs Node ' +
      needed +
      ' or newer, and this is ' +
      process.version +
      ': install one from nodejs.org, or with nvm.',
  );
  process.exit(2);
}
var name = process.argv.splice(2, 1)[0];
import('./' + name + '.mjs').catch(function (error) {
  console.error(error);
  process.exit(1);
});
