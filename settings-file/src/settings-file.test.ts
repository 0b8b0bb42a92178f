import { expect } from 'chai';
import { z } from 'zod';
import { parseSettings, settingsText } from './settings-file.ts';

class MenuError extends Error {}

const schema = z.strictObject({
  dishes: z.array(
    z.strictObject({
      name: z.string(),
      price: z.number().max(100),
      allergens: z.record(z.string().regex(/^[a-z]+$/, 'has letters only'), z.string()),
    }),
  ),
});

const MENU = `# of the day
dishes:
  - name: soup
    price: 4
    allergens: { nuts: none }
  - name: tart
    price: 5
    allergens: {}
`;

describe('a settings file', () => {
  it('is what its schema makes of it', () => {
    expect(settingsOf(MENU).content.dishes.map(({ name }) => name)).to.deep.equal(['soup', 'tart']);
  });

  it('has its mistakes told by line, column and field, in their order', () => {
    const wrong = MENU.replace('price: 4', 'prize: 4').replace('price: 5', 'price: 500').replace('nuts:', '2nuts:');
    expect(mistakesIn(wrong)).to.deep.equal([
      'menu.yaml:3:5: dishes[0].price: is missing',
      'menu.yaml:4:12: dishes[0].prize: is not a field that Civicline knows',
      'menu.yaml:5:25: dishes[0].allergens.2nuts: has letters only',
      'menu.yaml:7:12: dishes[1].price: Too big: expected number to be <=100',
    ]);
  });

  it('is wrong as a whole when it is empty or something else', () => {
    for (const text of ['', '[]', 'soup']) expect(mistakesIn(text)[0], text).to.match(/^menu\.yaml:1:1: the file: /);
  });

  it('has mistakes that no single field can tell', () => {
    const { refuse } = settingsOf(MENU);
    refuse([]);
    expect(() => refuse([{ path: ['dishes', 1, 'name'], message: 'was there yesterday' }])).to.throw(
      MenuError,
      'menu.yaml:6:11: dishes[1].name: was there yesterday',
    );
  });

  it('can have values replaced before they are checked', () => {
    const replace = (value: unknown) => (value === 'soup' ? 'broth' : value);
    expect(settingsOf(MENU, replace).content.dishes[0]?.name).to.equal('broth');
  });

  it('that is not YAML is refused by place, without what stands there', () => {
    const secrets = [
      '*secret',
      '!secret 1',
      '|secret',
      '>secret',
      '"\\secret"',
      '"a" secret',
      '@secret',
      '%secret',
      ']secret',
    ];
    for (const secret of secrets) {
      const mistakes = mistakesIn(MENU.replace('soup', secret));
      expect(mistakes[0], secret).to.match(/^menu\.yaml:[345]:\d+: ./);
      expect(mistakes.join(), secret).not.to.include('secret');
    }
  });

  it('that is not there is named', () => {
    expect(() => settingsText('/nowhere.yaml', MenuError)).to.throw(MenuError, '/nowhere.yaml: cannot be read');
  });
});

function settingsOf(text: string, replace?: (value: unknown) => unknown) {
  return parseSettings(text, { file: 'menu.yaml', schema, Failure: MenuError, ...(replace ? { replace } : {}) });
}

function mistakesIn(text: string): string[] {
  try {
    settingsOf(text);
    return [];
  } catch (error) {
    if (!(error instanceof MenuError)) throw error;
    return error.message.split('\n');
  }
}
