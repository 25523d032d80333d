/** What the demonstration sells: an image registry's six flat plans, modelled on Docker Hub's, and nodes by the hour. */

const month = { unit: 'month', count: 1 };

const REGISTRY_PLANS = [
  ['index_personal_micro', 'Micro', '7.00', 5],
  ['index_personal_small', 'Small', '12.00', 10],
  ['index_personal_medium', 'Medium', '22.00', 20],
  ['index_personal_large', 'Large', '50.00', 50],
  ['index_personal_xlarge', 'XLarge', '100.00', 100],
  ['index_personal_xxlarge', 'XXLarge', '250.00', 250],
] as const;

export const NODE_METER = {
  key: 'node-hours',
  name: 'Node hours',
  eventType: 'node.state',
  aggregation: 'time_weighted',
  value: 'nodes',
  resource: 'node',
  mode: 'level',
  unit: 'hour',
};

export const PLANS = [
  ...REGISTRY_PLANS.map(([key, name, amount, limit]) => ({
    key,
    name: `${name}: ${String(limit)} private repositories`,
    product: 'hub',
    currency: 'USD',
    interval: month,
    entitlements: { private_repos: { limit }, parallel_builds: { limit } },
    prices: [{ key: 'base', name: `${name} plan`, kind: 'recurring', model: 'flat', amount }],
  })),
  {
    key: 'cloud-nodes',
    name: 'Nodes, the first one free',
    product: 'cloud',
    currency: 'USD',
    interval: month,
    prices: [
      {
        key: 'node-hours',
        name: 'Node hours',
        kind: 'metered',
        meter: NODE_METER.key,
        model: 'per_unit',
        unitPrice: '0.02',
        freeConcurrent: '1',
      },
    ],
  },
];

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
