#!/usr/bin/env node
import process from 'node:process';
import { register } from 'tsx/esm/api';

register();
const { send } = await import('../src/command-line/send.ts');
process.exitCode = await send(process.argv.slice(2), process);
