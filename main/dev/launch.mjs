// `node main/dev/launch.mjs NAME ARGS…` runs main/dev/NAME.mjs, as the scripts of package.json do.
import './node-version.mjs';

var name = process.argv.splice(2, 1)[0];
import('./' + name + '.mjs').catch(function (error) {
  console.error(error);
  process.exit(1);
});
