/** The import rules of the architecture (docs/adr/0001), checked by `npm run check`. */
const modules = (names) => `^src/modules/(${names})/`;
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'common-imports-no-module',
      severity: 'error',
      from: { path: '^src/common/' },
      to: { path: '^src/(modules|sandbox|app|main)' },
    },
    {
      name: 'proxy-knows-provisioning-only-through-the-gate',
      severity: 'error',
      from: { path: '^src/modules/(proxy|health|access)/' },
      to: { path: modules('provisioning'), pathNot: '^src/modules/provisioning/provisioning\\.gate\\.ts$' },
    },
    {
      name: 'operators-know-provisioning-only-through-gate-and-control',
      severity: 'error',
      from: { path: '^src/modules/(admin|observability)/' },
      to: { path: modules('provisioning'), pathNot: '^src/modules/provisioning/provisioning\\.(gate|control)\\.ts$' },
    },
    {
      name: 'provisioning-never-imports-its-consumers-or-adapters',
      severity: 'error',
      from: { path: modules('provisioning') },
      to: { path: modules('proxy|health|admin|access|exoscale|machine|state-store|observability') },
    },
    {
      name: 'adapters-import-only-ports',
      severity: 'error',
      from: { path: modules('exoscale|machine|state-store') },
      to: { path: modules('provisioning'), pathNot: '^src/modules/provisioning/(ports/|domain/(model|failure)\\.ts$)' },
    },
    {
      name: 'adapters-do-not-know-each-other-or-the-data-plane',
      severity: 'error',
      from: { path: '^src/modules/(exoscale|machine|state-store)/' },
      to: { path: '^src/modules/(exoscale|machine|state-store|proxy|health|admin)/', pathNot: '^src/modules/$1/' },
    },
    {
      name: 'only-the-composition-root-names-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app\\.module\\.ts|main\\.ts|modules/(exoscale|machine|state-store)/)' },
      to: { path: '^src/modules/(exoscale|machine|state-store)/', pathNot: '^src/modules/exoscale/probe-live/' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^src/modules/provisioning/domain/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: '^(src/modules/provisioning/domain/|src/common/time/backoff\\.ts$|src/common/errors/catalogue\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nothing-imports-the-sandbox',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'the-sandbox-speaks-only-http-to-the-gateway',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/(modules|app|main)' },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
