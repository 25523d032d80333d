import { formatMoney } from '../currency.js';
import type { DateRange, PostalAddress } from './document.js';
import { type EInvoice, type EInvoiceLine, SPECIFICATION, type VatKind } from './e-invoice.js';
import { partiesOf, paymentOf, type EParty, type Payment } from './e-parties.js';
import { group, leaf, type XmlElement } from './xml.js';

/* EN 16931 in UBL 2.1 (CEN/TS 16931-3-2). The order of elements is that of its schema. */

const NAMESPACE = 'urn:oasis:names:specification:ubl:schema:xsd:';

/** As an Invoice, or as a CreditNote where the type is 381. */
export function ublOf(invoice: EInvoice): XmlElement {
  const { document } = invoice;
  const isCreditNote = invoice.typeCode === '381';
  const root = isCreditNote ? 'CreditNote' : 'Invoice';
  const payment = paymentOf(invoice);
  const { seller, buyer, deliveredTo } = partiesOf(invoice);
  const content = group(
    root,
    leaf('cbc:CustomizationID', SPECIFICATION), // BT-24
    leaf('cbc:ID', document.number), // BT-1
    leaf('cbc:IssueDate', document.issuedOn), // BT-2
    isCreditNote ? null : leaf('cbc:DueDate', document.dueOn), // BT-9
    leaf(isCreditNote ? 'cbc:CreditNoteTypeCode' : 'cbc:InvoiceTypeCode', invoice.typeCode), // BT-3
    leaf('cbc:Note', document.reason ?? document.memo), // BT-22
    leaf('cbc:DocumentCurrencyCode', document.currency), // BT-5
    period('cac:InvoicePeriod', document.period), // BG-14
    group('cac:OrderReference', leaf('cbc:ID', document.purchaseOrder)), // BT-13
    document.corrects.map(({ number, issuedOn }) =>
      group('cac:BillingReference', group('cac:InvoiceDocumentReference', leaf('cbc:ID', number), leaf('cbc:IssueDate', issuedOn))),
    ), // BG-3
    group('cac:AccountingSupplierParty', party(seller)), // BG-4
    group('cac:AccountingCustomerParty', party(buyer)), // BG-7
    group('cac:Delivery', group('cac:DeliveryLocation', group('cac:Address', country(deliveredTo)))), // BT-80
    paymentMeans(payment), // BG-16
    group('cac:PaymentTerms', leaf('cbc:Note', payment.terms)), // BT-20
    taxTotal(invoice),
    totals(invoice),
    invoice.lines.map((line) => lineElement(line, invoice)),
  );
  if (content === null) throw new RangeError('an e-invoice without content');
  return {
    ...content,
    attributes: {
      xmlns: `${NAMESPACE}${root}-2`,
      'xmlns:cac': `${NAMESPACE}CommonAggregateComponents-2`,
      'xmlns:cbc': `${NAMESPACE}CommonBasicComponents-2`,
    },
  };
}

const period = (name: string, range: DateRange | null): XmlElement | null =>
  range && group(name, leaf('cbc:StartDate', range.from), leaf('cbc:EndDate', range.to));

const country = (code: string | undefined): XmlElement | null => group('cac:Country', leaf('cbc:IdentificationCode', code));

function party({ name, email, address, vatNumber, taxNumber, registrationNumber }: EParty): XmlElement | null {
  return group(
    'cac:Party',
    leaf('cbc:EndpointID', email, { schemeID: 'EM' }), // BT-34, BT-49
    addressElement(address), // BG-5, BG-8
    taxScheme(vatNumber, 'VAT'), // BT-31, BT-48
    taxScheme(taxNumber, 'TAX'), // BT-32
    group('cac:PartyLegalEntity', leaf('cbc:RegistrationName', name), leaf('cbc:CompanyID', registrationNumber)), // BT-27, BT-44, BT-30
    group('cac:Contact', leaf('cbc:ElectronicMail', email)), // BT-43, BT-58
  );
}

const addressElement = (address: PostalAddress | null): XmlElement | null =>
  group(
    'cac:PostalAddress',
    leaf('cbc:StreetName', address?.line1),
    leaf('cbc:AdditionalStreetName', address?.line2),
    leaf('cbc:CityName', address?.city),
    leaf('cbc:PostalZone', address?.postalCode),
    leaf('cbc:CountrySubentity', address?.region),
    country(address?.country),
  );

const taxScheme = (number: string | undefined, scheme: string): XmlElement | null =>
  number === undefined ? null : group('cac:PartyTaxScheme', leaf('cbc:CompanyID', number), group('cac:TaxScheme', leaf('cbc:ID', scheme)));

const paymentMeans = ({ meansCode, iban, bic, accountName, reference }: Payment): XmlElement | null =>
  iban === null
    ? null
    : group(
        'cac:PaymentMeans',
        leaf('cbc:PaymentMeansCode', meansCode), // BT-81
        leaf('cbc:PaymentID', reference), // BT-83
        group(
          'cac:PayeeFinancialAccount',
          leaf('cbc:ID', iban), // BT-84
          leaf('cbc:Name', accountName), // BT-85
          group('cac:FinancialInstitutionBranch', leaf('cbc:ID', bic)), // BT-86
        ),
      );

const amount = (name: string, minor: bigint, { document: { currency } }: EInvoice): XmlElement | null =>
  leaf(name, formatMoney(minor, currency), { currencyID: currency });

const vat = (name: string, { category, percent }: VatKind, ...reasons: readonly (XmlElement | null)[]): XmlElement | null =>
  group(name, leaf('cbc:ID', category), leaf('cbc:Percent', percent), [...reasons], group('cac:TaxScheme', leaf('cbc:ID', 'VAT')));

const taxTotal = (invoice: EInvoice): XmlElement | null =>
  group(
    'cac:TaxTotal',
    amount('cbc:TaxAmount', invoice.taxMinor, invoice), // BT-110
    invoice.vat.map((part) =>
      group(
        'cac:TaxSubtotal', // BG-23
        amount('cbc:TaxableAmount', part.taxableMinor, invoice), // BT-116
        amount('cbc:TaxAmount', part.amountMinor, invoice), // BT-117
        vat('cac:TaxCategory', part, leaf('cbc:TaxExemptionReasonCode', part.reasonCode), leaf('cbc:TaxExemptionReason', part.reason)),
      ),
    ),
  );

const totals = (invoice: EInvoice): XmlElement | null =>
  group(
    'cac:LegalMonetaryTotal',
    amount('cbc:LineExtensionAmount', invoice.netMinor, invoice), // BT-106
    amount('cbc:TaxExclusiveAmount', invoice.netMinor, invoice), // BT-109
    amount('cbc:TaxInclusiveAmount', invoice.totalMinor, invoice), // BT-112
    amount('cbc:PrepaidAmount', invoice.paidMinor, invoice), // BT-113
    amount('cbc:PayableAmount', invoice.dueMinor, invoice), // BT-115
  );

function lineElement(line: EInvoiceLine, invoice: EInvoice): XmlElement | null {
  const isCreditNote = invoice.typeCode === '381';
  return group(
    isCreditNote ? 'cac:CreditNoteLine' : 'cac:InvoiceLine',
    leaf('cbc:ID', line.id), // BT-126
    leaf(isCreditNote ? 'cbc:CreditedQuantity' : 'cbc:InvoicedQuantity', line.quantity, { unitCode: 'C62' }), // BT-129, BT-130
    amount('cbc:LineExtensionAmount', line.netMinor, invoice), // BT-131
    period('cac:InvoicePeriod', line.period), // BG-26
    allowance(line, invoice),
    group('cac:Item', leaf('cbc:Description', line.description), leaf('cbc:Name', line.name), vat('cac:ClassifiedTaxCategory', line)), // BG-31
    group('cac:Price', leaf('cbc:PriceAmount', line.price, { currencyID: invoice.document.currency })), // BT-146
  );
}

/** BG-27, or BG-28 where it is below zero. */
function allowance({ allowanceMinor, allowanceReason }: EInvoiceLine, invoice: EInvoice): XmlElement | null {
  if (allowanceMinor === 0n) return null;
  const isCharge = allowanceMinor < 0n;
  return group(
    'cac:AllowanceCharge',
    leaf('cbc:ChargeIndicator', String(isCharge)),
    isCharge ? null : leaf('cbc:AllowanceChargeReasonCode', '95'), // UNTDID 5189: discount
    leaf('cbc:AllowanceChargeReason', allowanceReason),
    amount('cbc:Amount', isCharge ? -allowanceMinor : allowanceMinor, invoice),
  );
}
