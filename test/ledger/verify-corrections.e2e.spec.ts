import { Books } from '../invoices/books.js';
import { differences } from '../support/story.js';
import { tamperWith } from '../support/tamper.js';

let books: Books;
let part: any;
let lost: any;
let gone: any;
beforeAll(async () => {
  books = await Books.open();
  part = await books.billed('part');
  await books.credit(part, { lines: [{ line: part.lines[0].id, amount: '4.00' }], settle: 'none' });
  await books.wire(part, '13.20');
  await books.credit(part, { amount: '6.00', settle: 'balance' });
  lost = await books.billed('lost');
  await books.act(lost, 'mark-uncollectible');
  await books.wire(lost, '8.00');
  await books.account('gone', { taxRates: ['vat'] });
  await books.wharfage.ok('POST', '/v2/accounts/gone/credit-grants', { kind: 'paid', amount: '10.00' });
  gone = await books.billed('gone');
  await books.act(gone, 'void', { rebill: false });
  expect(await differences(books.wharfage)).toEqual([]);
}, 60_000);
afterAll(() => books.close());

/** What is found of it, other than in the chain; then it is undone. */
async function found(statement: string, undo: string): Promise<string[]> {
  await tamperWith(books.wharfage, [statement]);
  const lines = await differences(books.wharfage);
  await tamperWith(books.wharfage, [undo]);
  expect(await differences(books.wharfage)).toEqual([]);
  return lines;
}

test.each<[string, string, string, (string | RegExp)[]]>([
  [
    'a line of a credit note',
    `update credit_note_line set amount_minor = amount_minor + 700 where amount_minor = 400`,
    `update credit_note_line set amount_minor = amount_minor - 700 where amount_minor = 1100`,
    [
      'credit notes: CN-000001: its subtotal is 4.00, but its parts come to 11.00',
      /^credited amounts: INV-000001, line_\w+: \d+\.\d\d USD was credited of 10\.00$/,
    ],
  ],
  [
    'the total of a credit note',
    `update credit_note set total_minor = total_minor + 1400, balance_minor = balance_minor + 1400 where number = 'CN-000002'`,
    `update credit_note set total_minor = total_minor - 1400, balance_minor = balance_minor - 1400 where number = 'CN-000002'`,
    [
      'credit notes: CN-000002: its total is 20.00, but its parts come to 6.00',
      'credit notes: CN-000002: its revenue is 5.00, but its parts come to 19.00',
      'credit notes: CN-000002: its amounts and the revenue of its lines make no entry: postings of credit_note_issued are -1400 apart',
      'credited amounts: INV-000001: 24.80 USD was credited of 18.00',
      'settled credits: CN-000002, put on the balance: 6.00 USD, but 20.00 by credit notes',
    ],
  ],
  [
    'the tax of a credit note',
    `update credit_note set taxes = jsonb_set(taxes, '{0,amountMinor}', '"380"') where number = 'CN-000001'`,
    `update credit_note set taxes = jsonb_set(taxes, '{0,amountMinor}', '"80"') where number = 'CN-000001'`,
    [
      'credit notes: CN-000001: its tax is 0.80, but its parts come to 3.80',
      'credit notes: CN-000001: its total is 4.80, but its parts come to 7.80',
      'credited amounts: INV-000001, VAT: 4.80 USD was credited of 3.00',
    ],
  ],
  [
    'what was credited of an invoice',
    `update invoice_settlement set credited_minor = 479 where credited_minor = 480`,
    `update invoice_settlement set credited_minor = 480 where credited_minor = 479`,
    [
      'settled credits: INV-000001, taken off what was due: 4.79 USD, but 4.80 by credit notes',
      'receivables: INV-000001: 0.00 USD in the ledger, but 0.01 left to collect',
    ],
  ],
  [
    'what was written off',
    `update invoice_settlement set written_off_minor = written_off_minor + 1 where closed = 'uncollectible'`,
    `update invoice_settlement set written_off_minor = written_off_minor - 1 where closed = 'uncollectible'`,
    [/^invoices: INV-000002: je_\w+ \(invoice_written_off of invoice .*bad_debt 18\.00.*, but should be .*bad_debt 18\.01/],
  ],
  [
    'what came in of it',
    `update payment set recovered_minor = 0 where recovered_minor = 800`,
    `update payment set recovered_minor = 800 where amount_minor = 800`,
    [/^payments: pay_\w+: je_\w+ \(payment_received .*bad_debt -8\.00, but should be .*accounts_receivable -8\.00$/],
  ],
  [
    'whose the revenue is that a credit note took back',
    `update revenue_line set line_id = 'x' || line_id where line_id like 'cn_%' and amount_minor = -400`,
    `update revenue_line set line_id = substr(line_id, 2) where line_id like 'xcn_%'`,
    [
      /^invoices: INV-000001: revenue of a line that it does not have: xcn_/,
      /^credit notes: CN-000001: line cn_\w+:line_\w+ has no revenue$/,
    ],
  ],
  [
    'to which credit note revenue belongs',
    `update revenue_line set line_id = 'cn_x' || substr(line_id, 5) where line_id like 'cn_%' and amount_minor = -400`,
    `update revenue_line set line_id = (select id from credit_note where number = 'CN-000001') || substr(line_id, strpos(line_id, ':')) where line_id like 'cn_x%'`,
    [
      /^credit notes: CN-000001: line cn_\w+:line_\w+ has no revenue$/,
      /^credit notes: cn_x\w+:line_\w+: revenue of a credit note that is not there$/,
    ],
  ],
  [
    'the revenue of a void invoice',
    `update revenue_line set amount_minor = -400 where line_id like '%:void' and amount_minor = -500`,
    `update revenue_line set amount_minor = -500 where line_id like '%:void' and amount_minor = -400`,
    [
      'deferred revenue: default USD: deferred revenue is 21.00 in the ledger, but 22.00 is not recognized yet of the lines',
      /^invoices: INV-000003: the revenue of line line_\w+:void is -4\.00 over 31 days .* but should be -5\.00 over 31/,
    ],
  ],
])('%s is changed', async (_case, statement, undo, wanted) => {
  const lines = await found(statement, undo);
  expect(lines).toEqual(wanted.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
});
