/** Native type stripping of Node 24 (jest ≥ 30.5.2): no transformer. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/dist/', '<rootDir>/.slipway/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  clearMocks: true,
  // No test is about time; this only ends what hangs, on a machine that may be busy.
  testTimeout: 60_000,
  // Two even on two cores: many tests wait for a program that they started.
  maxWorkers: 2,
}
