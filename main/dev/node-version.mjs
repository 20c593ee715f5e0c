// Ends an old Node with a sentence, for those who import this before anything else. It could not even read most of the
// other files, and would answer with a syntax error: so what imports this, and this, is written for Node 12, and imports the
// rest by `import()`.
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
