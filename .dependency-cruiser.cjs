/** Imports point one way: each module to those before it. */
const order = [
  ['domain'],
  ['common'],
  ['providers'],
  ['accounts'],
  ['meters'],
  ['plans'],
  ['subscriptions'],
  ['usage'],
  ['entitlements'],
  ['ledger'],
  ['invoices'],
  ['payments'],
  ['exports', 'webhooks'],
  ['v1', 'cli'],
];
const all = order.flat();
const onlyDownwards = order.flatMap((layer, i) =>
  layer.map((name) => ({
    name: `${name}-imports-only-downwards`,
    severity: 'error',
    from: { path: `^src/${name}/` },
    to: { path: `^src/(${all.filter((other) => other !== name && !order.slice(0, i).flat().includes(other)).join('|')})/` },
  })),
);

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^(src/domain/|node_modules/(fraction\\.js|temporal-polyfill|temporal-spec|temporal-utils)/)' },
    },
    { name: 'not-to-unlisted', severity: 'error', from: {}, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] } },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'entities-stay-inside',
      comment: 'A module is entered through its service.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/common/' },
      to: { path: '\\.entity\\.ts$', pathNot: '^src/$1/' },
    },
    ...onlyDownwards,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
