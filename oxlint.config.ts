import { defineConfig } from 'oxlint'

/**
 * Which rooms of src/ a room may take code from. Types may come from anywhere: an adapter implements a port that the
 * room above it defines. health and report are pure: they take nothing, not even from Node.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  config: ['runtime', 'health', 'registry'],
  identity: ['runtime'],
  github: ['runtime'],
  registry: ['runtime', 'identity'],
  kubernetes: ['runtime', 'identity'],
  health: [],
  report: [],
  image: ['runtime', 'identity', 'registry'],
  scan: ['runtime', 'identity', 'registry'],
  platform: ['runtime', 'identity', 'registry', 'kubernetes'],
  rollout: ['runtime', 'kubernetes', 'health'],
}
const pureRooms = new Set(['health', 'report'])

/** What only runtime/ touches: there it becomes a port that is passed in. */
const ambient = [{ name: 'process', message: 'Only runtime/ knows the process; take what you need from Context.' }]
const ambientForPure = ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'console', 'Buffer']
const toolkit = { group: ['@actions/core', 'node:process', 'process'], message: 'Only runtime/ touches these.' }
const outside = {
  regex: '(^|/)\\.\\./(sandbox|bench|test|scripts|examples)/',
  message: 'src/ is what we ship: it knows nothing of the bench.',
}

/** Adapters that read files or speak to the world are kept out of pure rooms; their types are fine. */
const noIo = { regex: '^[^.]', allowTypeImports: true, message: 'A pure room takes data in and gives data out.' }

function boundary(room: string) {
  const allowed = new Set([room, ...(rooms[room] ?? [])])
  const barred = [...Object.keys(rooms), 'actions', 'commands'].filter(other => !allowed.has(other))
  const upward = {
    regex: `^(\\.\\./)+(${barred.join('|')})/`,
    allowTypeImports: true,
    message: `${room}/ may take code from ${[...allowed].join(', ')}; imports point one way (docs/architecture.md).`,
  }
  const pure = pureRooms.has(room)
  const patterns = [outside, ...(barred.length > 0 ? [upward] : []), ...(pure ? [noIo] : [])]
  const globals = pure ? [...ambient, ...ambientForPure] : ambient
  return {
    files: [`src/${room}/**`],
    rules: {
      'no-restricted-imports': ['error', { patterns: room === 'runtime' ? patterns : [...patterns, toolkit] }],
      ...(room === 'runtime' ? {} : { 'no-restricted-globals': ['error', ...globals] }),
      ...(pure
        ? {
            'no-restricted-properties': [
              'error',
              { object: 'Date', property: 'now', message: 'Time is an argument here.' },
              { object: 'Math', property: 'random', message: 'Randomness is an argument here.' },
            ],
          }
        : {}),
    },
  } as const
}

const sizes = {
  'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
} as const

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['dist/**', 'lib/**', 'examples/**', 'node_modules/**'],
  rules: {
    eqeqeq: 'error',
    'no-console': 'off',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-throw-literal': 'error',
    'import/no-cycle': ['error', { ignoreTypes: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/use-unknown-in-catch-callback-variable': 'error',
    'typescript/consistent-type-imports': 'error',
    // Steps that must follow each other are the point of most loops here.
    'no-await-in-loop': 'off',
    // A signal's reason is what its owner chose; rejecting with anything else would hide it.
    'typescript/prefer-promise-reject-errors': 'off',
    // JSON of Kubernetes and AWS is untyped on purpose; a field is asserted where it is read.
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    'no-underscore-dangle': 'off',
    'oxc/no-map-spread': 'off',
    'promise/always-return': 'off',
    'unicorn/consistent-function-scoping': 'off',
    // `...['--flag', value]` keeps the two together.
    'unicorn/no-useless-spread': 'off',
    'no-shadow': 'off',
    'import/no-unassigned-import': 'off',
  },
  overrides: [
    { files: ['src/**', 'sandbox/**', 'scripts/**', 'bench/**'], rules: sizes },
    {
      files: ['src/actions/**', 'src/commands/**', 'src/main.ts', 'src/post.ts'],
      rules: { 'no-restricted-imports': ['error', { patterns: [outside, toolkit] }] },
    },
    {
      // Tests look into untyped answers; a value of the wrong shape fails the assertion that follows.
      files: ['test/**'],
      rules: { 'typescript/no-base-to-string': 'off', 'typescript/unbound-method': 'off' },
    },
    ...Object.keys(rooms).map(boundary),
  ],
})
