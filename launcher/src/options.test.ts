import { expect } from 'chai';
import { readStartOptions, START_HELP } from './options.ts';

describe('options of npm start', () => {
  it('begin at port 3000, or where one says', () => {
    expect(readStartOptions([])).to.deep.equal({ help: false, port: 3000, separate: false });
    expect(readStartOptions(['--port', '4000'])).to.deep.equal({
      help: false,
      port: 4000,
      separate: false,
    });
    expect(readStartOptions(['--separate']).separate).to.equal(true);
  });

  it('say which of them is wrong, and what it takes', () => {
    for (const port of ['', 'three', '80', '3000.5', '54001'])
      expect(() => readStartOptions(['--port', port]), port).to.throw('--port takes a whole number from 1024 to 54000');
    expect(() => readStartOptions(['--ports', '4000'])).to.throw(TypeError, '--ports');
  });

  it('are all in the help', () => {
    const named = [...START_HELP.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, name]) => name);
    expect(named).to.deep.equal(['--port', '--separate', '--help']);
    expect(readStartOptions(['--help']).help).to.equal(true);
  });
});
