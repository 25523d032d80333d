/** What the demonstration and the seed sell: an image registry's six flat plans, modelled on Docker Hub's, and nodes by the hour. */

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

export const FEATURES = [
  { key: 'private_repos', name: 'Private repositories', kind: 'limit' },
  { key: 'parallel_builds', name: 'Parallel builds', kind: 'limit' },
] as const;

const upTo = (limit: number): object => ({ private_repos: { limit }, parallel_builds: { limit } });

/** What an account has that holds none of the plans. */
const DEFAULT_PLANS = [
  { key: 'index_user', name: 'Free user', defaultFor: ['user'], entitlements: upTo(1) },
  { key: 'index_organization', name: 'Free organization', defaultFor: ['organization'], entitlements: upTo(0) },
];

export const PLANS = [
  ...DEFAULT_PLANS.map((plan) => ({ ...plan, product: 'hub', currency: 'USD', interval: month, prices: [] })),
  ...REGISTRY_PLANS.map(([key, name, amount, limit]) => ({
    key,
    name: `${name}: ${String(limit)} private repositories`,
    product: 'hub',
    currency: 'USD',
    interval: month,
    entitlements: upTo(limit),
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
