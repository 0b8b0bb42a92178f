/**
 * `text` without characters that no reader sees: bidirectional marks and overrides, joiners, soft hyphens, byte order marks
 * (Unicode: General_Category Cf, Default_Ignorable_Code_Point). Spreadsheets and web pages put them around numbers.
 */
export function withoutInvisible(text: string): string {
  return text.replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '');
}
