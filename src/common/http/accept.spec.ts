import { preferredType } from './accept.js';

const OFFERED = ['application/json', 'application/pdf', 'application/xml'] as const;

test.each([
  ['no header', undefined, 'application/json'],
  ['anything', '*/*', 'application/json'],
  ['one type', 'application/pdf', 'application/pdf'],
  ['a type with parameters', 'Application/XML; charset=utf-8', 'application/xml'],
  ['the better of two', 'application/pdf;q=0.5, application/xml;q=0.9', 'application/xml'],
  ['two alike: the first offered', 'application/xml, application/pdf', 'application/pdf'],
  ['a type before the range that it falls into', '*/*, application/json;q=0.1, application/xml;q=0', 'application/pdf'],
  ['the range of a type', 'application/*;q=0.2, application/xml;q=0.3', 'application/xml'],
  ['nothing that is offered', 'text/html', 'application/json'],
  ['a broken quality', 'application/pdf;q=much', 'application/json'],
])('%s', (_case, accept, wanted) => {
  expect(preferredType(accept, [...OFFERED])).toBe(wanted);
});
