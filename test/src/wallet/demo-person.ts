/** Somebody made up, with what the credentials of the demo scheme say about them. */
export interface DemoPerson {
  fullname: string;
  firstnames: string;
  /** Empty when the family name has none. */
  prefix: string;
  familyname: string;
  /** DD-MM-YYYY, as Dutch municipalities issue it. */
  dateofbirth: string;
  bsn: string;
  street: string;
  houseNumber: string;
  zipcode: string;
  city: string;
  municipality: string;
  /** E.164; absent: no such credential in the wallet. */
  mobilenumber?: string;
  email?: string;
}

/** The n-th demo person (0, 1, …): all differ in BSN, name, number and address, so that a mix-up shows. */
export function demoPerson(n = 0): DemoPerson {
  const familyname = `Voorbeeld-${n + 1}`;
  return {
    fullname: `Demo van ${familyname}`,
    firstnames: 'Demo',
    prefix: 'van',
    familyname,
    dateofbirth: `${String((n % 28) + 1).padStart(2, '0')}-02-1980`,
    bsn: demoBsn(n),
    street: 'Voorbeeldstraat',
    houseNumber: String(n + 1),
    zipcode: '9999 ZZ',
    city: 'Voorbeeldstad',
    municipality: 'Voorbeeldstad',
    mobilenumber: `+316000${String(n).padStart(5, '0')}`,
    email: `burger-${n + 1}@voorbeeldstad.example`,
  };
}

/** The n-th number from 999 990 000 on that passes the eleven test: the range of the Dutch test numbers. */
function demoBsn(n: number): string {
  const passes = (number: number) => {
    const digits = [...String(number)].map(Number);
    const last = digits.pop() ?? 0;
    return digits.reduce((sum, digit, index) => sum + digit * (9 - index), -last) % 11 === 0;
  };
  let found = -1;
  for (let number = 999_990_000; ; number += 1) {
    if (passes(number)) found += 1;
    if (found === n) return String(number);
  }
}
