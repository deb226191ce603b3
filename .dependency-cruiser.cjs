/** @type {import('dependency-cruiser').IConfiguration} */
const floors = [
  'ledger|audit|notices|timebanks',
  'identity',
  'members',
  'agencies|clearing|listings|slips|supporters|transfers',
  'budgets|consents|webhooks',
  'exchanges',
  'conversations|matching|paper|schedule|thanks',
  'service-requests',
  'circles|fhir|follow-ups|joined-up|open-referral',
  'mailings',
  'moving-in|demo'
]

/** A module may import those of lower floors only: one rule for each floor but the last. */
const downwardsOnly = floors.slice(0, -1).map((floor, i) => ({
  name: `imports-downwards-${floor.replaceAll('|', '-')}`,
  comment: 'Modules import lower floors only (their order: CONTRIBUTING).',
  severity: 'error',
  from: { path: `^src/modules/(?:${floor})/` },
  to: { path: `^src/modules/(?:${floors.slice(i + 1).join('|')})/` }
}))

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...downwardsOnly,
    {
      name: 'ledger-knows-no-module',
      severity: 'error',
      from: { path: '^src/modules/ledger/' },
      to: { path: '^src/(modules/(?!ledger/)|app|server)' }
    },
    {
      name: 'only-the-front-door',
      comment: 'Other modules are reached by index.ts; tables may name tables, for foreign keys; routes may share wire shapes.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/(?!$1/)[^/]+/(?!index\\.ts$|tables\\.ts$|schemas\\.ts$)' }
    },
    {
      name: 'tables-only-from-tables',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/(?!tables\\.ts$)' },
      to: { path: '^src/modules/(?!$1/)[^/]+/tables\\.ts$' }
    },
    {
      name: 'domain-knows-no-http',
      severity: 'error',
      from: { path: '^src/(db|shared)/|^src/modules/(?!.*(routes|schemas|views)\\.ts$)' },
      to: { path: '^src/http/|node_modules/(@fastify|fastify)' }
    },
    { name: 'only-app-imports-routes', severity: 'error', from: { path: '^src/', pathNot: '^src/app\\.ts$' }, to: { path: '^src/modules/.*routes\\.ts$' } },
    { name: 'floors-know-no-module', severity: 'error', from: { path: '^src/(db|http|shared)/' }, to: { path: '^src/modules/' } },
    { name: 'db-knows-no-http', severity: 'error', from: { path: '^src/(db|shared)/' }, to: { path: '^src/http/' } },
    { name: 'shared-is-pure', severity: 'error', from: { path: '^src/shared/' }, to: { path: '^src/(?!shared/)' } },
    { name: 'env-only-at-the-edge', severity: 'error', from: { path: '^src/', pathNot: '^src/(server|service)\\.ts$' }, to: { path: '^src/config\\.ts$' } },
    {
      name: 'no-dev-deps',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] }
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.config\\.ts$|^test/' }, to: {} }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] }
  }
}
