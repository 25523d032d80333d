import { afterStory } from '../support/story.js';
import { Books } from './books.js';

let books: Books;
beforeAll(async () => {
  books = await Books.open();
}, 30_000);
afterAll(async () => {
  try {
    await afterStory(books.wharfage);
  } finally {
    await books.close();
  }
});

test('an unpaid invoice is credited in part: less is due, the tax goes with it, and the note is frozen', async () => {
  const invoice = await books.billed('part', { email: 'pay@example.com' });
  const { status, body } = await books.credit(invoice, { lines: [{ line: invoice.lines[0].id, amount: '4.00' }], settle: 'none' });
  expect([status, body]).toMatchObject([
    201,
    {
      number: expect.stringMatching(/^CN-0000\d\d$/),
      invoice: invoice.id,
      invoiceNumber: invoice.number,
      account: 'part',
      lines: [{ line: invoice.lines[0].id, description: 'base', amount: '4.00' }],
      subtotal: '4.00',
      taxes: [{ taxRate: 'vat', taxable: '4.00', amount: '0.80' }],
      tax: '0.80',
      total: '4.80',
      amountReduced: '4.80',
      balanceCredited: '0.00',
      amountRefunded: '0.00',
      reason: 'goodwill',
      seller: { key: 'default' },
      buyer: { key: 'part', email: 'pay@example.com' },
    },
  ]);
  expect(await books.invoice(invoice.id)).toEqual({ ...invoice, amountCredited: '4.80', amountOpen: '13.20' });
  expect(await books.ledger('part')).toEqual({ accounts_receivable: '13.20', deferred_revenue: '-11.00', tax_payable: '-2.20' });
  expect(await books.wire(invoice, '13.21')).toMatchObject({ status: 409, body: { code: 'overpayment' } });
  expect(await books.wire(invoice, '13.20')).toMatchObject({ status: 201 });
  expect(await books.invoice(invoice.id)).toMatchObject({ status: 'paid', amountPaid: '13.20', amountOpen: '0.00' });
  expect(await books.wharfage.ok('GET', `/v2/credit-notes/${String(body.number)}`)).toEqual(body);
  expect((await books.wharfage.ok('GET', `/v2/credit-notes?account=part&invoice=${String(invoice.id)}`)).data).toEqual([body]);
  expect(await books.events('part')).toMatchObject([
    { type: 'credit_note.issued', data: { creditNote: body.id, number: body.number, total: '4.80' } },
  ]);
});

test('an amount, then all that is left: the rest is exactly the rest, of each line and of the tax, and an invoice without debt is paid', async () => {
  const invoice = await books.billed('rest');
  const first = (await books.credit(invoice, { amount: '0.07', settle: 'none' })).body;
  expect([first.lines.map((line: any) => line.amount), first.tax, first.total]).toEqual([['0.04', '0.02'], '0.01', '0.07']);
  const last = (await books.credit(invoice, { settle: 'none' })).body;
  expect([last.lines.map((line: any) => line.amount), last.tax, last.total]).toEqual([['9.96', '4.98'], '2.99', '17.93']);
  expect(await books.invoice(invoice.id)).toMatchObject({
    status: 'paid',
    amountPaid: '0.00',
    amountCredited: '18.00',
    amountOpen: '0.00',
  });
  expect(await books.credit(invoice, { settle: 'none' })).toMatchObject({ status: 409, body: { code: 'nothing_to_credit' } });
  expect(await books.ledger('rest')).toEqual({});
});

test('what was paid goes to the balance, and pays the next invoice', async () => {
  const invoice = await books.billed('saver');
  await books.wire(invoice, '12.00');
  expect(await books.credit(invoice, { amount: '9.00', settle: 'none' })).toMatchObject({
    status: 409,
    body: { code: 'credit_exceeds_open', detail: expect.stringMatching(/6\.00 USD .* 3\.00 USD more was paid/) },
  });
  expect((await books.credit(invoice, { amount: '9.00', settle: 'balance' })).body).toMatchObject({
    amountReduced: '6.00',
    balanceCredited: '3.00',
  });
  expect(await books.balance('saver')).toBe('3.00');
  expect(await books.invoice(invoice.id)).toMatchObject({ status: 'paid', amountPaid: '12.00', amountOpen: '0.00' });
  expect(await books.credit(invoice, { amount: '9.01', settle: 'balance' })).toMatchObject({
    status: 409,
    body: { code: 'credit_too_large', detail: expect.stringContaining('9.00 USD') },
  });
});

test('what was paid is refunded to its payments, the newest first, and no cent twice', async () => {
  const invoice = await books.billed('back');
  await books.wire(invoice, '10.00');
  await books.wire(invoice, '8.00');
  const { body } = await books.credit(invoice, { amount: '9.00', settle: 'refund' });
  expect(body).toMatchObject({ amountRefunded: '9.00' });
  const refunds = (await books.payments('back')).flatMap((payment) => payment.refunds);
  expect(refunds).toMatchObject([
    { amount: '8.00', state: 'succeeded', creditNote: body.id },
    { amount: '1.00', state: 'succeeded', creditNote: body.id },
  ]);
  expect(await books.ledger('back')).toEqual({ cash: '9.00', deferred_revenue: '-7.50', tax_payable: '-1.50' });
  const [newest, oldest] = await books.payments('back');
  const refund = (payment: any, payload: object) =>
    books.wharfage.call('POST', `/v2/payments/${String(payment.id)}/refunds`, { reason: 'r', ...payload });
  expect(await refund(newest, {})).toMatchObject({
    status: 409,
    body: { code: 'refund_too_large', detail: expect.stringContaining('0.00 USD') },
  });
  expect(await refund(oldest, { amount: '9.01' })).toMatchObject({ status: 409, body: { code: 'refund_too_large' } });
  expect(await refund(oldest, { amount: '4.00' })).toMatchObject({ status: 201, body: { creditNote: null } });
  expect(await books.credit(invoice, { amount: '9.00', settle: 'refund' })).toMatchObject({
    status: 409,
    body: { code: 'credit_exceeds_paid', detail: expect.stringMatching(/9\.00 USD .* 5\.00 USD/) },
  });
  expect(await books.credit(invoice, { amount: '5.00', settle: 'refund' })).toMatchObject({ status: 201 });
  expect((await books.credit(invoice, { amount: '4.00', settle: 'none' })).body).toMatchObject({ refundedBefore: '4.00' });
  expect(await books.ledger('back')).toEqual({});
});

test('a refund without a credit note gives no more than credit notes left', async () => {
  const invoice = await books.billed('twice');
  await books.wire(invoice, '18.00');
  await books.credit(invoice, { amount: '13.00', settle: 'balance' });
  const [payment] = await books.payments('twice');
  const refund = (amount: string) => books.wharfage.call('POST', `/v2/payments/${String(payment.id)}/refunds`, { amount, reason: 'r' });
  expect(await refund('5.01')).toMatchObject({
    status: 409,
    body: { code: 'refund_too_large', detail: expect.stringContaining('5.00 USD') },
  });
  expect(await refund('5.00')).toMatchObject({ status: 201 });
});

test('what the balance paid can go back to it, and not to a card', async () => {
  const first = await books.billed('mixed');
  await books.wire(first, '18.00');
  await books.credit(first, { amount: '18.00', settle: 'balance' });
  await books.subscribe('mixed', 'two');
  const [, second] = await books.invoices('mixed');
  expect(second).toMatchObject({ amountApplied: '18.00', amountDue: '0.00', status: 'paid' });
  expect(await books.credit(second, { settle: 'refund' })).toMatchObject({
    status: 409,
    body: { code: 'credit_exceeds_refundable', detail: expect.stringContaining('0.00 USD') },
  });
  expect((await books.credit(second, { settle: 'balance' })).body).toMatchObject({ balanceCredited: '18.00' });
  expect(await books.balance('mixed')).toBe('18.00');
});

test('a credit note is not credited, voided or written off: it is final', async () => {
  const invoice = await books.billed('final');
  const note = (await books.credit(invoice, { amount: '1.00', settle: 'none' })).body;
  for (const act of ['credit-notes', 'void', 'mark-uncollectible'])
    for (const idOrNumber of [note.id, note.number])
      expect(
        await books.wharfage.call('POST', `/v2/invoices/${String(idOrNumber)}/${act}`, {
          reason: 'r',
          ...(act === 'credit-notes' ? { settle: 'none' } : {}),
        }),
      ).toMatchObject({ status: 409, body: { code: 'credit_note_final', detail: expect.stringContaining(invoice.number) } });
  expect(await books.wharfage.call('GET', '/v2/credit-notes/CN-999999')).toMatchObject({
    status: 404,
    body: { code: 'credit_note_not_found' },
  });
});

test('what is asked wrongly is refused with the place', async () => {
  const invoice = await books.billed('wrong');
  const refused = async (body: object) => (await books.credit(invoice, body)).body;
  expect(await refused({ settle: 'none', lines: [{ line: 'line_x' }] })).toMatchObject({
    code: 'invalid_request',
    errors: [{ pointer: '/lines/0/line' }],
  });
  expect(await refused({ settle: 'none', amount: '1.00', lines: [{ line: invoice.lines[0].id }] })).toMatchObject({
    errors: [{ pointer: '/amount' }],
  });
  expect(await refused({ settle: 'none', amount: '0.00' })).toMatchObject({ errors: [{ pointer: '/amount', code: 'invalid_money' }] });
  expect(await refused({ settle: 'none', amount: '1.005' })).toMatchObject({ code: 'invalid_money' });
  expect(await refused({ settle: 'cash', amount: '1.00' })).toMatchObject({ errors: [{ pointer: '/settle' }] });
  expect(await refused({ settle: 'none', lines: [{ line: invoice.lines[1].id, amount: '5.01' }] })).toMatchObject({
    code: 'credit_too_large',
    errors: [{ pointer: '/lines/0/amount', detail: expect.stringContaining('5.00 USD') }],
  });
});

test('a refund needs the scope of payments', async () => {
  const invoice = await books.billed('scoped');
  const { key } = await books.wharfage.ok('POST', '/v2/api-keys', { name: 'clerk', scopes: ['invoices:write'] });
  const credit = (settle: string, idempotency: string) =>
    books.wharfage.send('POST', `/v2/invoices/${String(invoice.id)}/credit-notes`, {
      payload: { amount: '1.00', reason: 'r', settle },
      headers: { authorization: `Bearer ${String(key)}`, 'idempotency-key': idempotency },
    });
  expect(await credit('refund', 'a')).toMatchObject({ status: 403, body: { code: 'missing_scope' } });
  expect(await credit('none', 'b')).toMatchObject({ status: 201 });
});

test('twenty who credit the same invoice at once give no cent more than was invoiced, under numbers without a gap', async () => {
  const invoice = await books.billed('rush');
  await books.wire(invoice, '9.00');
  const replies = await Promise.all(Array.from({ length: 20 }, () => books.credit(invoice, { amount: '1.00', settle: 'balance' })));
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(18);
  expect(replies.filter(({ body }) => body.code === 'nothing_to_credit')).toHaveLength(2);
  expect(await books.invoice(invoice.id)).toMatchObject({ amountCredited: '18.00', amountOpen: '0.00' });
  expect(await books.balance('rush')).toBe('9.00');
  const numbers = replies
    .flatMap(({ body }) => (body.number === undefined ? [] : [Number(String(body.number).slice(3))]))
    .sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_n, i) => (numbers[0] ?? 0) + i));
});

test('one Idempotency-Key credits once, also by twenty at once', async () => {
  const invoice = await books.billed('once');
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => books.credit(invoice, { amount: '1.00', settle: 'none' }, 'the same')),
  );
  expect(replies.filter(({ status, body }) => status !== 201 && body.code !== 'idempotency_in_progress')).toEqual([]);
  expect(await books.invoice(invoice.id)).toMatchObject({ amountCredited: '1.00' });
  expect((await books.credit(invoice, { amount: '1.00', settle: 'none' }, 'the same')).headers['idempotency-replayed']).toBe('true');
});

test('credits on later invoices and credit notes together give back a line once, whichever comes first', async () => {
  for (const [key, noteFirst] of [
    ['note-first', true],
    ['note-last', false],
  ] as const) {
    await books.account(key);
    const { id } = await books.subscribe(key, 'month', { startsAt: '2026-01-01T00:00:00Z' });
    const [invoice] = await books.invoices(key);
    await books.wire(invoice, '31.00');
    if (noteFirst) expect(await books.credit(invoice, { amount: '15.00', settle: 'balance' })).toMatchObject({ status: 201 });
    await books.wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now', proration: 'prorate' });
    if (!noteFirst) expect(await books.credit(invoice, { settle: 'balance' })).toMatchObject({ body: { code: 'nothing_to_credit' } });
    expect([key, await books.balance(key)]).toEqual([key, '31.00']);
  }
});
