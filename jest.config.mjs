/** Unit, contract and e2e suites (`npm test`). System suites have their own configuration: they need Debian's packages. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json' }] },
  setupFiles: ['reflect-metadata'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.ci/'],
};

export default {
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/scripts/left-to-system.mjs'],
  // Generous: a busy machine is slow, and no suite waits for time to pass.
  testTimeout: 60_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/scripts/**/*.spec.ts'] },
    { ...shared, displayName: 'contract', testMatch: ['<rootDir>/test/contracts/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts', '<rootDir>/test/examples/**/*.spec.ts'],
    },
  ],
};
