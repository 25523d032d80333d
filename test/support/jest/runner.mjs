import './typescript.mjs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { default: circus } = require('jest-circus/runner');

/**
 * Runs a spec file by jest's own runner, but has Node import it: the modules that spec files share are read, and optimized, once a process.
 * Loading NestJS and the service anew for each file took two fifths of the suite. Nothing replaces a module or a global in these tests.
 */
export default async function run(globalConfig, config, environment, runtime, testPath, sendMessageToJest) {
  const imports = {
    requireInternalModule: requireAnew,
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: (path) => import(pathToFileURL(path).href),
  };
  Error.prepareStackTrace = undefined; // jest's own knows only the lines of what jest compiled; Node knows them all
  const native = new Proxy(runtime, { get: (target, name) => imports[name] ?? bound(target, name) });
  try {
    return await circus(globalConfig, config, environment, native, testPath, sendMessageToJest);
  } finally {
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
  }
}

/** jest's list of tests and hooks belongs to one spec file. */
function requireAnew(path) {
  delete require.cache[path];
  return require(path);
}

function bound(target, name) {
  const value = target[name];
  return typeof value === 'function' ? value.bind(target) : value;
}
