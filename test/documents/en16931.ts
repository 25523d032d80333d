import { create } from 'xmlbuilder2';

/*
 * A checker of the numbered business rules of EN 16931-1:2017 in its validation artefacts 1.3.16, for those that what we write can break. It
 * reads both syntaxes into one model, so that both must say the same.
 */

export interface ReadLine {
  readonly id: string;
  readonly name: string;
  readonly quantity: number;
  readonly unit: string;
  readonly price: number;
  readonly net: number;
  readonly allowances: number;
  readonly charges: number;
  readonly reasons: readonly string[];
  readonly category: string;
  readonly rate: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export interface ReadVat {
  readonly category: string;
  readonly rate: string | undefined;
  readonly taxable: number;
  readonly amount: number;
  readonly reason: string | undefined;
  readonly reasonCode: string | undefined;
}

export interface ReadParty {
  readonly name: string | undefined;
  readonly country: string | undefined;
  readonly vatId: string | undefined;
  readonly taxId: string | undefined;
  readonly registration: string | undefined;
}

export interface ReadInvoice {
  readonly specification: string | undefined;
  readonly number: string | undefined;
  readonly issued: string | undefined;
  readonly due: string | undefined;
  readonly type: string | undefined;
  readonly currency: string | undefined;
  readonly note: string | undefined;
  readonly order: string | undefined;
  readonly preceding: readonly string[];
  readonly seller: ReadParty;
  readonly buyer: ReadParty;
  readonly deliveredTo: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly account: string | undefined;
  readonly terms: string | undefined;
  readonly vat: readonly ReadVat[];
  readonly sums: {
    readonly lines: number;
    readonly net: number;
    readonly tax: number;
    readonly total: number;
    readonly paid: number;
    readonly due: number;
  };
  readonly lines: readonly ReadLine[];
  /** All amounts of money as they are written. */
  readonly amounts: readonly string[];
}

type Node = Readonly<Record<string, unknown>> | string | undefined;

/** What a path of element names leads to; a namespace's prefix counts. */
const all = (node: Node, path: string): Node[] =>
  path.split('/').reduce<Node[]>((nodes, name) => nodes.flatMap((one) => childrenOf(one, name)), [node]);
function childrenOf(node: Node, name: string): Node[] {
  const found = typeof node === 'object' ? (node[name] as Node | readonly Node[]) : undefined;
  return found === undefined ? [] : [found].flat();
}
/** The library gives text as it is written. */
const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
const textOf = (node: Node): string | undefined =>
  (typeof node === 'object' ? (node['#'] as string | undefined) : node)?.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]!);
const text = (node: Node, path: string): string | undefined => textOf(all(node, path)[0]);
const number = (node: Node, path: string): number => Number(text(node, path) ?? Number.NaN);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function parse(xml: string): { root: string; node: Node } {
  const [[root, node] = ['', undefined]] = Object.entries(create(xml).toObject() as object) as [string, Node][];
  return { root, node };
}

export function readUbl(xml: string): ReadInvoice {
  const { root, node } = parse(xml);
  const isNote = root === 'CreditNote';
  const party = (path: string): ReadParty => {
    const [of] = all(node, `${path}/cac:Party`);
    const schemes = all(of, 'cac:PartyTaxScheme');
    const withScheme = (scheme: string) => schemes.filter((one) => (text(one, 'cac:TaxScheme/cbc:ID') === 'VAT') === (scheme === 'VAT'));
    return {
      name: text(of, 'cac:PartyLegalEntity/cbc:RegistrationName'),
      country: text(of, 'cac:PostalAddress/cac:Country/cbc:IdentificationCode'),
      vatId: withScheme('VAT').map((one) => text(one, 'cbc:CompanyID'))[0],
      taxId: withScheme('other').map((one) => text(one, 'cbc:CompanyID'))[0],
      registration: text(of, 'cac:PartyLegalEntity/cbc:CompanyID'),
    };
  };
  const sums = 'cac:LegalMonetaryTotal/cbc:';
  return {
    specification: text(node, 'cbc:CustomizationID'),
    number: text(node, 'cbc:ID'),
    issued: text(node, 'cbc:IssueDate'),
    due: text(node, 'cbc:DueDate'),
    type: text(node, isNote ? 'cbc:CreditNoteTypeCode' : 'cbc:InvoiceTypeCode'),
    currency: text(node, 'cbc:DocumentCurrencyCode'),
    note: text(node, 'cbc:Note'),
    order: text(node, 'cac:OrderReference/cbc:ID'),
    preceding: all(node, 'cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID').map((one) => textOf(one) ?? ''),
    seller: party('cac:AccountingSupplierParty'),
    buyer: party('cac:AccountingCustomerParty'),
    deliveredTo: text(node, 'cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode'),
    from: text(node, 'cac:InvoicePeriod/cbc:StartDate'),
    to: text(node, 'cac:InvoicePeriod/cbc:EndDate'),
    account: text(node, 'cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID'),
    terms: text(node, 'cac:PaymentTerms/cbc:Note'),
    vat: all(node, 'cac:TaxTotal/cac:TaxSubtotal').map((part) => ({
      category: text(part, 'cac:TaxCategory/cbc:ID') ?? '',
      rate: text(part, 'cac:TaxCategory/cbc:Percent'),
      taxable: number(part, 'cbc:TaxableAmount'),
      amount: number(part, 'cbc:TaxAmount'),
      reason: text(part, 'cac:TaxCategory/cbc:TaxExemptionReason'),
      reasonCode: text(part, 'cac:TaxCategory/cbc:TaxExemptionReasonCode'),
    })),
    sums: {
      lines: number(node, `${sums}LineExtensionAmount`),
      net: number(node, `${sums}TaxExclusiveAmount`),
      tax: number(node, 'cac:TaxTotal/cbc:TaxAmount'),
      total: number(node, `${sums}TaxInclusiveAmount`),
      paid: number(node, `${sums}PrepaidAmount`),
      due: number(node, `${sums}PayableAmount`),
    },
    lines: all(node, isNote ? 'cac:CreditNoteLine' : 'cac:InvoiceLine').map((line) => {
      const moved = (charge: string) => all(line, 'cac:AllowanceCharge').filter((one) => text(one, 'cbc:ChargeIndicator') === charge);
      const quantity = isNote ? 'cbc:CreditedQuantity' : 'cbc:InvoicedQuantity';
      return {
        id: text(line, 'cbc:ID') ?? '',
        name: text(line, 'cac:Item/cbc:Name') ?? '',
        quantity: number(line, quantity),
        unit: text(line, `${quantity}/@unitCode`) ?? '',
        price: number(line, 'cac:Price/cbc:PriceAmount'),
        net: number(line, 'cbc:LineExtensionAmount'),
        allowances: sum(moved('false').map((one) => number(one, 'cbc:Amount'))),
        charges: sum(moved('true').map((one) => number(one, 'cbc:Amount'))),
        reasons: all(line, 'cac:AllowanceCharge').map((one) => text(one, 'cbc:AllowanceChargeReason') ?? ''),
        category: text(line, 'cac:Item/cac:ClassifiedTaxCategory/cbc:ID') ?? '',
        rate: text(line, 'cac:Item/cac:ClassifiedTaxCategory/cbc:Percent'),
        from: text(line, 'cac:InvoicePeriod/cbc:StartDate'),
        to: text(line, 'cac:InvoicePeriod/cbc:EndDate'),
      };
    }),
    amounts: [...xml.matchAll(/<cbc:(?:\w*Amount) currencyID="\w+">([^<]*)</g)].map(([whole, amount]) =>
      whole.includes('PriceAmount') ? '0' : amount!,
    ),
  };
}

const isoDate = (date: string | undefined): string | undefined => date?.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');

export function readCii(xml: string): ReadInvoice {
  const { node } = parse(xml);
  const [trade] = all(node, 'rsm:SupplyChainTradeTransaction');
  const [settlement] = all(trade, 'ram:ApplicableHeaderTradeSettlement');
  const date = (of: Node, path: string, prefix = 'udt'): string | undefined => isoDate(text(of, `${path}/${prefix}:DateTimeString`));
  const party = (path: string): ReadParty => {
    const [of] = all(trade, `ram:ApplicableHeaderTradeAgreement/${path}`);
    const ids = all(of, 'ram:SpecifiedTaxRegistration/ram:ID');
    const withScheme = (scheme: string) => ids.filter((one) => text(one, '@schemeID') === scheme).map(textOf)[0];
    return {
      name: text(of, 'ram:Name'),
      country: text(of, 'ram:PostalTradeAddress/ram:CountryID'),
      vatId: withScheme('VA'),
      taxId: withScheme('FC'),
      registration: text(of, 'ram:SpecifiedLegalOrganization/ram:ID'),
    };
  };
  const sums = 'ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:';
  return {
    specification: text(node, 'rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID'),
    number: text(node, 'rsm:ExchangedDocument/ram:ID'),
    issued: date(node, 'rsm:ExchangedDocument/ram:IssueDateTime'),
    due: date(settlement, 'ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime'),
    type: text(node, 'rsm:ExchangedDocument/ram:TypeCode'),
    currency: text(settlement, 'ram:InvoiceCurrencyCode'),
    note: text(node, 'rsm:ExchangedDocument/ram:IncludedNote/ram:Content'),
    order: text(trade, 'ram:ApplicableHeaderTradeAgreement/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID'),
    preceding: all(settlement, 'ram:InvoiceReferencedDocument/ram:IssuerAssignedID').map((one) => textOf(one) ?? ''),
    seller: party('ram:SellerTradeParty'),
    buyer: party('ram:BuyerTradeParty'),
    deliveredTo: text(trade, 'ram:ApplicableHeaderTradeDelivery/ram:ShipToTradeParty/ram:PostalTradeAddress/ram:CountryID'),
    from: date(settlement, 'ram:BillingSpecifiedPeriod/ram:StartDateTime'),
    to: date(settlement, 'ram:BillingSpecifiedPeriod/ram:EndDateTime'),
    account: text(settlement, 'ram:SpecifiedTradeSettlementPaymentMeans/ram:PayeePartyCreditorFinancialAccount/ram:IBANID'),
    terms: text(settlement, 'ram:SpecifiedTradePaymentTerms/ram:Description'),
    vat: all(settlement, 'ram:ApplicableTradeTax').map((part) => ({
      category: text(part, 'ram:CategoryCode') ?? '',
      rate: text(part, 'ram:RateApplicablePercent'),
      taxable: number(part, 'ram:BasisAmount'),
      amount: number(part, 'ram:CalculatedAmount'),
      reason: text(part, 'ram:ExemptionReason'),
      reasonCode: text(part, 'ram:ExemptionReasonCode'),
    })),
    sums: {
      lines: number(settlement, `${sums}LineTotalAmount`),
      net: number(settlement, `${sums}TaxBasisTotalAmount`),
      tax: number(settlement, `${sums}TaxTotalAmount`),
      total: number(settlement, `${sums}GrandTotalAmount`),
      paid: number(settlement, `${sums}TotalPrepaidAmount`),
      due: number(settlement, `${sums}DuePayableAmount`),
    },
    lines: all(trade, 'ram:IncludedSupplyChainTradeLineItem').map((line) => {
      const [of] = all(line, 'ram:SpecifiedLineTradeSettlement');
      const moved = (charge: string) =>
        all(of, 'ram:SpecifiedTradeAllowanceCharge').filter((one) => text(one, 'ram:ChargeIndicator/udt:Indicator') === charge);
      const quantity = 'ram:SpecifiedLineTradeDelivery/ram:BilledQuantity';
      return {
        id: text(line, 'ram:AssociatedDocumentLineDocument/ram:LineID') ?? '',
        name: text(line, 'ram:SpecifiedTradeProduct/ram:Name') ?? '',
        quantity: number(line, quantity),
        unit: text(line, `${quantity}/@unitCode`) ?? '',
        price: number(line, 'ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount'),
        net: number(of, 'ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount'),
        allowances: sum(moved('false').map((one) => number(one, 'ram:ActualAmount'))),
        charges: sum(moved('true').map((one) => number(one, 'ram:ActualAmount'))),
        reasons: all(of, 'ram:SpecifiedTradeAllowanceCharge').map((one) => text(one, 'ram:Reason') ?? ''),
        category: text(of, 'ram:ApplicableTradeTax/ram:CategoryCode') ?? '',
        rate: text(of, 'ram:ApplicableTradeTax/ram:RateApplicablePercent'),
        from: date(of, 'ram:BillingSpecifiedPeriod/ram:StartDateTime'),
        to: date(of, 'ram:BillingSpecifiedPeriod/ram:EndDateTime'),
      };
    }),
    amounts: [...xml.matchAll(/<ram:(?:\w*Amount)(?: currencyID="\w+")?>([^<]*)</g)].map(([whole, amount]) =>
      whole.includes('<ram:ChargeAmount') ? '0' : amount!,
    ),
  };
}
