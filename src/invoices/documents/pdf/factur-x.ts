/*
 * Factur-X 1.0 / ZUGFeRD 2: a PDF that carries the same invoice as a CII document, in the profile EN 16931. What the file says of it (XMP) needs
 * a description of its own fields, as PDF/A wants.
 */
const FILE_NAME = 'factur-x.xml';
const FIELDS = [
  ['DocumentFileName', 'The name of the embedded XML document'],
  ['DocumentType', 'The type of the hybrid document in capital letters'],
  ['Version', 'The version of the standard applying to the embedded XML document'],
  ['ConformanceLevel', 'The conformance level of the embedded XML document'],
];

const XMP = `
        <rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
            <fx:DocumentType>INVOICE</fx:DocumentType>
            <fx:DocumentFileName>${FILE_NAME}</fx:DocumentFileName>
            <fx:Version>1.0</fx:Version>
            <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
        </rdf:Description>
        <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
            xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
            <pdfaExtension:schemas>
                <rdf:Bag>
                    <rdf:li rdf:parseType="Resource">
                        <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
                        <pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>
                        <pdfaSchema:prefix>fx</pdfaSchema:prefix>
                        <pdfaSchema:property>
                            <rdf:Seq>${FIELDS.map(
                              ([name, description]) => `
                                <rdf:li rdf:parseType="Resource">
                                    <pdfaProperty:name>${name ?? ''}</pdfaProperty:name>
                                    <pdfaProperty:valueType>Text</pdfaProperty:valueType>
                                    <pdfaProperty:category>external</pdfaProperty:category>
                                    <pdfaProperty:description>${description ?? ''}</pdfaProperty:description>
                                </rdf:li>`,
                            ).join('')}
                            </rdf:Seq>
                        </pdfaSchema:property>
                    </rdf:li>
                </rdf:Bag>
            </pdfaExtension:schemas>
        </rdf:Description>`;

/** What pdfkit offers, and its types do not know. */
interface Attaching {
  readonly file: (bytes: Buffer, options: Readonly<Record<string, unknown>>) => void;
  readonly appendXML: (xml: string) => void;
}

/** Puts the e-invoice into the file, as an alternative to what is printed. */
export function attachFacturX(pdf: PDFKit.PDFDocument, cii: string, issuedAt: Date): void {
  const { file, appendXML } = pdf as unknown as Attaching;
  file.call(pdf, Buffer.from(cii, 'utf8'), {
    name: FILE_NAME,
    type: 'text/xml',
    description: 'The invoice as UN/CEFACT CII, EN 16931',
    relationship: 'Alternative',
    creationDate: issuedAt,
    modifiedDate: issuedAt,
  });
  appendXML.call(pdf, XMP);
}
