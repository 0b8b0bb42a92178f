export { demoAttributes } from './demo-attributes.ts';
export { OrganisationsError, parseOrganisations, readOrganisationsFile } from './load.ts';
export { type AgentOfOrganisation, createOrganisations, type LinkInput, type Organisations } from './look-up.ts';
export { isOpen, opensAt } from './opening-hours.ts';
export type { Agent, OpeningHours, Organisation, OrganisationsFile, Purpose, Queue } from './schemas.ts';
