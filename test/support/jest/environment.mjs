import { ModuleMocker } from 'jest-mock';

/** The process as it is. jest's own environment gives each spec file globals of its own, and so has to load every module anew for each. */
export default class Process {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  fakeTimers = null;
  fakeTimersModern = null;

  async setup() {}

  async teardown() {}

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }
}
