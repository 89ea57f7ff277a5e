/** Native type stripping of Node 24 (jest ≥ 30.5.2): no transformer. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  clearMocks: true,
}
