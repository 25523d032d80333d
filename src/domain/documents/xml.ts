/** An element: its name with the prefix of its namespace, and text or elements. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: string | readonly XmlElement[];
}

type Part = XmlElement | null | readonly (XmlElement | null)[];

/** An element of elements; `null` stands for one that is left out, and an element without any is left out itself. */
export function group(name: string, ...parts: readonly Part[]): XmlElement | null {
  const content = parts.flat().filter((part): part is XmlElement => part !== null);
  return content.length === 0 ? null : { name, attributes: {}, content };
}

/** An element of text; `null` where there is none to say. */
export function leaf(name: string, text: string | null | undefined, attributes: Readonly<Record<string, string>> = {}): XmlElement | null {
  return text === null || text === undefined || text.trim() === '' ? null : { name, attributes, content: text.trim() };
}
