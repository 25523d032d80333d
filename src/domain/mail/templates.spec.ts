import { parseInstant } from '../instant.js';
import { composeMail, type Mail } from './templates.js';

const facts = { seller: 'Dock & Sons', name: '<Acme>', number: 'INV-1', amount: '12.00 USD', timeZone: 'America/New_York' };
const at = parseInstant('2026-01-05T03:00:00Z'); // the evening before, where they live

test.each<[Mail, RegExp]>([
  [{ ...facts, template: 'invoice', dueAt: at }, /12\.00 USD is due on 2026-01-04\./],
  [{ ...facts, template: 'invoice', dueAt: null }, /Nothing is left to pay\./],
  [{ ...facts, template: 'payment_failed', retryAt: at }, /We will try again on 2026-01-04\./],
  [{ ...facts, template: 'payment_failed', retryAt: null }, /Please add another payment method/],
  [{ ...facts, template: 'authentication_required' }, /confirm the payment of 12\.00 USD/],
  [{ ...facts, template: 'final_notice', endAt: at, consequence: 'cancel' }, /by 2026-01-04, your subscription will be canceled\./],
  [{ ...facts, template: 'recovered' }, /Nothing is left to pay on invoice INV-1\./],
])('%j', (mail, says) => {
  const { subject, text, html } = composeMail(mail);
  expect(subject).toContain('INV-1');
  expect(text).toMatch(says);
  expect(text).toMatch(/^Hello <Acme>,\n\n[^]*\n\nDock & Sons\n$/);
  expect(html).toMatch(says);
  expect(html).toMatch(/<p>Hello &lt;Acme&gt;,<\/p>.*<p>Dock &amp; Sons<\/p>/);
});
