#!/usr/bin/env node
import process from 'node:process';
import { register } from 'tsx/esm/api';

register();
const { run } = await import('../src/side-car/run.ts');
process.exitCode = await run(process.argv.slice(2), process);
