import { isPublicAddress, literalAddress } from './allowed-address.js';
import { signedHeaders } from './sign.js';

test.each<[string, string, boolean]>([
  ['a public IPv4 address', '93.184.216.34', true],
  ['a public IPv6 address', '2606:2800:220:1:248:1893:25c8:1946', true],
  ['loopback', '127.0.0.1', false],
  ['all of loopback', '127.8.9.1', false],
  ['no address', '0.0.0.0', false],
  ['this network', '0.1.2.3', false],
  ['private (10/8)', '10.1.2.3', false],
  ['private (172.16/12)', '172.31.255.255', false],
  ['beside private (172.32)', '172.32.0.1', true],
  ['private (192.168/16)', '192.168.1.1', false],
  ['the metadata of clouds', '169.254.169.254', false],
  ['shared (CGNAT)', '100.64.0.1', false],
  ['the end of shared', '100.127.255.255', false],
  ['beside shared', '100.128.0.1', true],
  ['multicast', '224.0.0.1', false],
  ['reserved', '240.0.0.1', false],
  ['broadcast', '255.255.255.255', false],
  ['benchmarks', '198.18.0.1', false],
  ['documentation', '203.0.113.1', false],
  ['loopback (IPv6)', '::1', false],
  ['no address (IPv6)', '::', false],
  ['unique local', 'fd00:ec2::254', false],
  ['link-local (IPv6)', 'fe80::1', false],
  ['link-local with its zone', 'fe80::1%eth0', false],
  ['site-local', 'fec0::1', false],
  ['multicast (IPv6)', 'ff02::1', false],
  ['loopback as IPv6', '::ffff:127.0.0.1', false],
  ['metadata as IPv6', '::ffff:a9fe:a9fe', false],
  ['a public address as IPv6', '::ffff:93.184.216.34', false],
  ['an IPv4 address in the old wrapping', '::127.0.0.1', false],
  ['a translated address', '64:ff9b::a9fe:a9fe', false],
  ['6to4', '2002:7f00:1::', false],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2', false],
  ['documentation (IPv6)', '2001:db8::1', false],
  ['what is not assigned', '4000::1', false],
  ['no address at all', 'localhost', false],
])('%s: %s', (_name, address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});

test.each([
  ['https://127.0.0.1/x', '127.0.0.1'],
  ['https://2130706433/', '127.0.0.1'],
  ['https://0x7f.1/', '127.0.0.1'],
  ['https://[::1]:8443/', '::1'],
  ['https://[::ffff:10.0.0.1]/', '::ffff:a00:1'],
  ['https://example.com/', undefined],
])('%s names %s by itself', (url, address) => {
  expect(literalAddress(new URL(url))).toBe(address);
});

/** The vector of the libraries of Standard Webhooks. */
const VECTOR = {
  message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330n, body: '{"test": 2432232314}' },
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

test('a message is signed as Standard Webhooks has it, with each secret', () => {
  const { message, secret, signature } = VECTOR;
  expect(signedHeaders(message, [secret])).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': signature,
  });
  const [first, second] = (signedHeaders(message, ['whsec_AAAA', secret])['webhook-signature'] ?? '').split(' ');
  expect([first?.startsWith('v1,'), first === signature, second]).toEqual([true, false, signature]);
});
