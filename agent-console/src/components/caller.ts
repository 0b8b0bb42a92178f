/**
 * The caller as an agent addresses somebody: a name, an address in one line, and the rest. Attributes are recognised by
 * the last part of their IRMA id, as the municipal and the demo schemes name them; any other stays a fact under its label.
 */
import type { AttributeView } from '@civicline/protocol';

export interface Caller {
  name: string | null;
  /** Street and number, postal code and place, such as `Dorpsstraat 12, 1234 AB Voorbeeldstad`. */
  address: string | null;
  /** What is part of neither, in the order in which it was disclosed. */
  facts: AttributeView[];
}

const FULL_NAME = [['fullname']];
const NAME_PARTS = [['firstnames', 'firstname', 'initials'], ['prefix'], ['familyname', 'surname', 'lastname']];
const STREET_PARTS = [['street'], ['housenumber']];
const PLACE_PARTS = [
  ['zipcode', 'postalcode'],
  ['city', 'municipality'],
];

export function callerOf(attributes: readonly AttributeView[]): Caller {
  const fullName = pick(attributes, FULL_NAME);
  const nameParts = pick(attributes, NAME_PARTS);
  const name = fullName.length > 0 ? fullName : nameParts;
  const street = pick(attributes, STREET_PARTS);
  const place = pick(attributes, PLACE_PARTS);
  // A place alone reads better under its own label.
  const isAddress = street.length + place.length > 1;
  const used = new Set([...name, ...(isAddress ? [...street, ...place] : [])]);
  return {
    name: text(name) || null,
    address: isAddress ? [text(street), text(place)].filter(Boolean).join(', ') : null,
    facts: attributes.filter((attribute) => !used.has(attribute)),
  };
}

/** Of each part the first of its names that was disclosed. */
function pick(attributes: readonly AttributeView[], parts: readonly (readonly string[])[]): AttributeView[] {
  return parts.flatMap((names) => {
    const found = names.map((name) => attributes.find(({ id, value }) => lastPart(id) === name && value.trim() !== ''));
    return found.find((attribute) => attribute !== undefined) ?? [];
  });
}

function text(attributes: readonly AttributeView[]): string {
  return attributes.map(({ value }) => value.trim()).join(' ');
}

function lastPart(id: string): string {
  return id.slice(id.lastIndexOf('.') + 1).toLowerCase();
}
