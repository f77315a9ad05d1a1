// texts.mjs - what the dashboard says, by areas and in whole
import {readdirSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '../../server/web/text');

// {shell: {key: text...}...} of one language.
async function areasIn(language) {
  const names = readdirSync(folder).filter((name) => name.endsWith(`.${language}.js`));
  return Object.fromEntries(await Promise.all(names.map(async (name) =>
    [name.split('.')[0], (await import(`${folder}/${name}`)).texts])));
}

export const areas = {en: await areasIn('en'), zh: await areasIn('zh')};

export const english = Object.assign({}, ...Object.values(areas.en));
export const chinese = Object.assign({}, ...Object.values(areas.zh));
