import { formatMoney } from '../currency.js';
import type { DateRange, IsoDate, PostalAddress } from './document.js';
import { type EInvoice, type EInvoiceLine, SPECIFICATION, type VatKind } from './e-invoice.js';
import { type EParty, partiesOf, paymentOf, type Payment } from './e-parties.js';
import { group, leaf, type XmlElement } from './xml.js';

/* EN 16931 in UN/CEFACT Cross Industry Invoice D16B (CEN/TS 16931-3-3), which is Factur-X's profile EN 16931, too. The order of elements is that of its schema. */

const NAMESPACES = {
  'xmlns:rsm': 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
  'xmlns:ram': 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
  'xmlns:qdt': 'urn:un:unece:uncefact:data:standard:QualifiedDataType:100',
  'xmlns:udt': 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
};

export function ciiOf(invoice: EInvoice): XmlElement {
  const { document } = invoice;
  const content = group(
    'rsm:CrossIndustryInvoice',
    group('rsm:ExchangedDocumentContext', group('ram:GuidelineSpecifiedDocumentContextParameter', leaf('ram:ID', SPECIFICATION))), // BT-24
    group(
      'rsm:ExchangedDocument',
      leaf('ram:ID', document.number), // BT-1
      leaf('ram:TypeCode', invoice.typeCode), // BT-3
      date('ram:IssueDateTime', document.issuedOn), // BT-2
      group('ram:IncludedNote', leaf('ram:Content', document.reason ?? document.memo)), // BT-22
    ),
    group(
      'rsm:SupplyChainTradeTransaction',
      invoice.lines.map((line) => lineElement(line, invoice)),
      ...headers(invoice),
    ),
  );
  if (content === null) throw new RangeError('an e-invoice without content');
  return { ...content, attributes: NAMESPACES };
}

function headers(invoice: EInvoice): (XmlElement | null)[] {
  const { document } = invoice;
  const { seller, buyer, deliveredTo } = partiesOf(invoice);
  const delivery = group('ram:ShipToTradeParty', group('ram:PostalTradeAddress', leaf('ram:CountryID', deliveredTo))); // BT-80
  return [
    group(
      'ram:ApplicableHeaderTradeAgreement',
      party('ram:SellerTradeParty', seller), // BG-4
      party('ram:BuyerTradeParty', buyer), // BG-7
      group('ram:BuyerOrderReferencedDocument', leaf('ram:IssuerAssignedID', document.purchaseOrder)), // BT-13
    ),
    { name: 'ram:ApplicableHeaderTradeDelivery', attributes: {}, content: delivery === null ? [] : [delivery] },
    settlement(invoice),
  ];
}

const date = (name: string, iso: IsoDate | null, prefix: 'udt' | 'qdt' = 'udt'): XmlElement | null =>
  group(name, leaf(`${prefix}:DateTimeString`, iso?.replaceAll('-', ''), { format: '102' }));

const period = (range: DateRange | null): XmlElement | null =>
  range && group('ram:BillingSpecifiedPeriod', date('ram:StartDateTime', range.from), date('ram:EndDateTime', range.to));

function party(name: string, { name: called, email, address, vatNumber, taxNumber, registrationNumber }: EParty): XmlElement | null {
  return group(
    name,
    leaf('ram:Name', called), // BT-27, BT-44
    group('ram:SpecifiedLegalOrganization', leaf('ram:ID', registrationNumber)), // BT-30
    group('ram:DefinedTradeContact', group('ram:EmailURIUniversalCommunication', leaf('ram:URIID', email))), // BT-43, BT-58
    addressElement(address), // BG-5, BG-8
    group('ram:URIUniversalCommunication', leaf('ram:URIID', email, { schemeID: 'EM' })), // BT-34, BT-49
    registration(vatNumber, 'VA'), // BT-31, BT-48
    registration(taxNumber, 'FC'), // BT-32
  );
}

const addressElement = (address: PostalAddress | null): XmlElement | null =>
  group(
    'ram:PostalTradeAddress',
    leaf('ram:PostcodeCode', address?.postalCode),
    leaf('ram:LineOne', address?.line1),
    leaf('ram:LineTwo', address?.line2),
    leaf('ram:CityName', address?.city),
    leaf('ram:CountryID', address?.country),
    leaf('ram:CountrySubDivisionName', address?.region),
  );

const registration = (number: string | undefined, schemeID: string): XmlElement | null =>
  group('ram:SpecifiedTaxRegistration', leaf('ram:ID', number, { schemeID }));

function settlement(invoice: EInvoice): XmlElement | null {
  const { document } = invoice;
  const payment = paymentOf(invoice);
  return group(
    'ram:ApplicableHeaderTradeSettlement',
    payment.iban === null ? null : leaf('ram:PaymentReference', payment.reference), // BT-83
    leaf('ram:InvoiceCurrencyCode', document.currency), // BT-5
    paymentMeans(payment), // BG-16
    invoice.vat.map((part) =>
      group(
        'ram:ApplicableTradeTax', // BG-23
        amount('ram:CalculatedAmount', part.amountMinor, invoice), // BT-117
        leaf('ram:TypeCode', 'VAT'),
        leaf('ram:ExemptionReason', part.reason), // BT-120
        amount('ram:BasisAmount', part.taxableMinor, invoice), // BT-116
        leaf('ram:CategoryCode', part.category), // BT-118
        leaf('ram:ExemptionReasonCode', part.reasonCode), // BT-121
        leaf('ram:RateApplicablePercent', part.percent), // BT-119
      ),
    ),
    period(document.period), // BG-14
    group(
      'ram:SpecifiedTradePaymentTerms',
      leaf('ram:Description', payment.terms), // BT-20
      invoice.typeCode === '381' ? null : date('ram:DueDateDateTime', document.dueOn), // BT-9
    ),
    totals(invoice),
    document.corrects.map(({ number, issuedOn }) =>
      group('ram:InvoiceReferencedDocument', leaf('ram:IssuerAssignedID', number), date('ram:FormattedIssueDateTime', issuedOn, 'qdt')),
    ), // BG-3
  );
}

const paymentMeans = ({ meansCode, iban, bic, accountName }: Payment): XmlElement | null =>
  iban === null
    ? null
    : group(
        'ram:SpecifiedTradeSettlementPaymentMeans',
        leaf('ram:TypeCode', meansCode), // BT-81
        group('ram:PayeePartyCreditorFinancialAccount', leaf('ram:IBANID', iban), leaf('ram:AccountName', accountName)), // BT-84, BT-85
        group('ram:PayeeSpecifiedCreditorFinancialInstitution', leaf('ram:BICID', bic)), // BT-86
      );

const amount = (name: string, minor: bigint, { document: { currency } }: EInvoice): XmlElement | null =>
  leaf(name, formatMoney(minor, currency));

const totals = (invoice: EInvoice): XmlElement | null =>
  group(
    'ram:SpecifiedTradeSettlementHeaderMonetarySummation',
    amount('ram:LineTotalAmount', invoice.netMinor, invoice), // BT-106
    amount('ram:TaxBasisTotalAmount', invoice.netMinor, invoice), // BT-109
    leaf('ram:TaxTotalAmount', formatMoney(invoice.taxMinor, invoice.document.currency), { currencyID: invoice.document.currency }), // BT-110
    amount('ram:GrandTotalAmount', invoice.totalMinor, invoice), // BT-112
    amount('ram:TotalPrepaidAmount', invoice.paidMinor, invoice), // BT-113
    amount('ram:DuePayableAmount', invoice.dueMinor, invoice), // BT-115
  );

const vat = ({ category, percent }: VatKind): XmlElement | null =>
  group(
    'ram:ApplicableTradeTax',
    leaf('ram:TypeCode', 'VAT'),
    leaf('ram:CategoryCode', category),
    leaf('ram:RateApplicablePercent', percent),
  );

const lineElement = (line: EInvoiceLine, invoice: EInvoice): XmlElement | null =>
  group(
    'ram:IncludedSupplyChainTradeLineItem',
    group('ram:AssociatedDocumentLineDocument', leaf('ram:LineID', line.id)), // BT-126
    group('ram:SpecifiedTradeProduct', leaf('ram:Name', line.name), leaf('ram:Description', line.description)), // BG-31
    group('ram:SpecifiedLineTradeAgreement', group('ram:NetPriceProductTradePrice', leaf('ram:ChargeAmount', line.price))), // BT-146
    group('ram:SpecifiedLineTradeDelivery', leaf('ram:BilledQuantity', line.quantity, { unitCode: 'C62' })), // BT-129, BT-130
    group(
      'ram:SpecifiedLineTradeSettlement',
      vat(line), // BG-30
      period(line.period), // BG-26
      allowance(line, invoice),
      group('ram:SpecifiedTradeSettlementLineMonetarySummation', amount('ram:LineTotalAmount', line.netMinor, invoice)), // BT-131
    ),
  );

/** BG-27, or BG-28 where it is below zero. */
function allowance({ allowanceMinor, allowanceReason }: EInvoiceLine, invoice: EInvoice): XmlElement | null {
  if (allowanceMinor === 0n) return null;
  const isCharge = allowanceMinor < 0n;
  return group(
    'ram:SpecifiedTradeAllowanceCharge',
    group('ram:ChargeIndicator', leaf('udt:Indicator', String(isCharge))),
    amount('ram:ActualAmount', isCharge ? -allowanceMinor : allowanceMinor, invoice),
    isCharge ? null : leaf('ram:ReasonCode', '95'), // UNTDID 5189: discount
    leaf('ram:Reason', allowanceReason),
  );
}
