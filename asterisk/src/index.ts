export { type AgentEndpoint, agentEndpoint, agentEndpointId, type PjsipObject } from './agent-endpoint.ts';
export { type AsteriskInstallation, MINIMUM_VERSION, type PrepareOptions, prepareAsterisk } from './installation.ts';
export { PROMPT_LANGUAGES, PROMPTS } from './prompts.ts';
export { type RunningAsterisk, type StartOptions, startAsterisk } from './run.ts';
