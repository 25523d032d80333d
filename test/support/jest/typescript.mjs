import { register } from 'node:module';

/* Once a process, whoever asks first: Node 20 does not read TypeScript by itself. */
register('@swc-node/register/esm', import.meta.url);
