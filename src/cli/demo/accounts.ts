/** Who takes part in the demonstration. */

export interface DemoAccount {
  readonly key: string;
  readonly name: string;
  readonly kind: 'user' | 'organization';
  readonly plan: string;
  /** The payment method's token; without one the account pays by wire. */
  readonly token?: string;
  /** [day of January, hour, node, number of nodes] */
  readonly nodes?: readonly (readonly [number, number, string, number])[];
}

export const ACCOUNTS: readonly DemoAccount[] = [
  { key: 'ada', name: 'Ada', kind: 'user', plan: 'index_personal_micro', token: 'sandbox_ok' },
  { key: 'barge-works', name: 'Barge Works', kind: 'organization', plan: 'index_personal_xxlarge' },
  { key: 'cargo', name: 'Cargo', kind: 'organization', plan: 'index_personal_large', token: 'sandbox_ok' },
  { key: 'dock', name: 'Dock', kind: 'user', plan: 'index_personal_small', token: 'sandbox_declined_soft' },
  { key: 'ebb', name: 'Ebb', kind: 'user', plan: 'index_personal_medium', token: 'sandbox_ok' },
  { key: 'freight', name: 'Freight', kind: 'organization', plan: 'index_personal_xlarge', token: 'sandbox_ok' },
  { key: 'gantry', name: 'Gantry', kind: 'user', plan: 'index_personal_small', token: 'sandbox_ok' },
  {
    key: 'harbor',
    name: 'Harbor',
    kind: 'organization',
    plan: 'cloud-nodes',
    token: 'sandbox_ok',
    nodes: [
      [1, 0, 'web', 1],
      [10, 0, 'worker', 2],
      [20, 0, 'worker', 0],
    ],
  },
  {
    key: 'inlet',
    name: 'Inlet',
    kind: 'user',
    plan: 'cloud-nodes',
    token: 'sandbox_ok',
    nodes: [
      [3, 9, 'only', 1],
      [28, 18, 'only', 0],
    ],
  },
  {
    key: 'jetty',
    name: 'Jetty',
    kind: 'organization',
    plan: 'cloud-nodes',
    nodes: [
      [5, 0, 'batch', 40],
      [5, 6, 'batch', 0],
      [12, 0, 'batch', 40],
      [12, 7, 'batch', 0],
    ],
  },
  {
    key: 'keel',
    name: 'Keel',
    kind: 'user',
    plan: 'cloud-nodes',
    token: 'sandbox_expired',
    nodes: [
      [15, 0, 'a', 1],
      [15, 0, 'b', 1],
      [31, 0, 'b', 0],
    ],
  },
  { key: 'lock', name: 'Lock', kind: 'organization', plan: 'cloud-nodes', token: 'sandbox_ok' },
];
