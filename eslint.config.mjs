import tseslint from 'typescript-eslint';

/** Type-aware lint: the rules that catch lost promises and `any` at the edges are the point, style is prettier's. */
export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', '**/*.cjs', '**/*.mjs', '**/*.js'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only: one name for one thing.' },
        { selector: "CallExpression[callee.name='forwardRef']", message: 'No forwardRef: turn the dependency round.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/common/config/**', 'src/sandbox/**', 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read configuration through src/common/config.' },
      ],
    },
  },
  {
    files: ['src/modules/**/domain/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The domain is pure: time comes in as an argument.' },
        { object: 'Math', property: 'random', message: 'The domain is pure: randomness comes in as an argument.' },
      ],
    },
  },
  {
    files: [
      'src/sandbox/**/*.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
      'examples/**/*.ts',
      'scripts/**/*.ts',
      'src/**/*.spec.ts',
    ],
    rules: { 'no-console': 'off' },
  },
);
