import { create } from 'xmlbuilder2';
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';
import type { XmlElement } from '../../domain/documents/xml.js';

/** XML 1.0 in UTF-8. What may not stand in XML (control characters, halves of surrogate pairs) becomes U+FFFD. */
export function serializeXml(root: XmlElement): string {
  const document = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' });
  append(document, root);
  return `${document.end({ prettyPrint: true })}\n`;
}

function append(parent: XMLBuilder, { name, attributes, content }: XmlElement): void {
  const element = parent.ele(name, Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, escaped(value)])));
  if (typeof content === 'string') element.txt(escaped(content));
  else for (const child of content) append(element, child);
}

/** The library leaves alone what looks like an entity, so that a text "&lt;" would come out as "<": an escaped ampersand does, too. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;');
