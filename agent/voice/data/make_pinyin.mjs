// Writes pinyin.tsv: Mandarin phrases whose characters have several readings, with the right one.
//
//   npm install --no-save pinyin-pro@3.29.4 && node make_pinyin.mjs > pinyin.tsv
//
// The phrases are those of pinyin-pro 3.29.4 (MIT licence, Copyright (c) 2022-present zh-lx). What
// is not in the table is read by espeak-ng character by character; CHARACTERS and WORDS below mend
// the readings that it gets wrong, RULED adds everyday words.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { pinyin } = createRequire(import.meta.url)('pinyin-pro');
const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve('pinyin-pro')));
const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
if (version !== '3.29.4')
    throw new Error(`pinyin-pro ${version} found: install 3.29.4`);

// Single characters that espeak-ng 1.51 reads with another tone or sound than alone they have.
const CHARACTERS = `
叭 ba1 笆 ba1 巴 ba1 罢 ba4 扮 ban4 剥 bao1 绷 beng1 膊 bo2 泊 bo2 卜 bu3 簿 bu4 敞 chang3 晨 chen2
澄 cheng2 匙 chi2 酬 chou2 楚 chu3 朵 duo3 坊 fang1 佛 fo2 夫 fu1 袱 fu2 甫 fu3 傅 fu4 咐 fu4 菇 gu1
咕 gu1 呵 he1 虹 hong2 糊 hu2 唬 hu3 哗 hua2 欢 huan1 晃 huang4 稽 ji1 迹 ji4 绩 ji4 缉 ji1 辑 ji2
脊 ji3 夹 jia1 贾 jia3 稼 jia4 匠 jiang4 矫 jiao3 睛 jing1 矩 ju3 倔 jue4 坷 ke3 框 kuang4 狸 li2
潦 liao3 伶 ling2 窿 long2 蔓 man4 糜 mi2 娩 mian3 拇 mu3 溺 ni4 娘 niang2 拧 ning3 疟 nve4 澎 peng2
篷 peng2 泼 po1 戚 qi1 茄 qie2 鹊 que4 茸 rong2 拾 shi2 识 shi2 伺 si4 嗽 sou4 诉 su4 苔 tai2 屉 ti4
涂 tu2 驼 tuo2 拓 tuo4 哇 wa1 枉 wang3 伍 wu3 务 wu4 息 xi1 仙 xian1 哮 xiao4 嚣 xiao1 淆 xiao2
奄 yan3 爷 ye2 宜 yi2 蝇 ying2 应 ying1 脏 zang1 喳 zha1 辗 zhan3 蔗 zhe4 吱 zhi1 帚 zhou3 著 zhu4
椎 zhui1 缀 zhui4 拽 zhuai4 乎 hu1 啦 la5 哦 o4 兴 xing1 倒 dao3 调 tiao2 弹 tan2 冠 guan1 卷 juan4
削 xiao1 曲 qu3 舍 she4 钻 zuan4 漂 piao1 琢 zhuo2 嚼 jiao2 挣 zheng4 幢 zhuang4 褪 tui4 哄 hong3 仔 zai3
卒 zu2 镐 gao3 掖 ye4 拧 ning2 肋 lei4 棱 leng2 熨 yun4`;

// Everyday words that the dictionary lacks or reads in another of their senses.
const WORDS = `
这儿 zhe4 li5|那儿 na4 li5|哪儿 na3 li5|朝阳 zhao1 yang2|还有 hai2 you3|还是 hai2 shi4|都是 dou1 shi4|
都有 dou1 you3|方便 fang1 bian4|干净 gan1 jing4|好的 hao3 de5|看着 kan4 zhe5|听着 ting1 zhe5|
数数 shu3 shu4|高兴 gao1 xing4|兴趣 xing4 qu4|兴奋 xing1 fen4|一只 yi4 zhi1|两只 liang3 zhi1|
三只 san1 zhi1|几只 ji3 zhi1|只有 zhi3 you3|只是 zhi3 shi4|应用 ying4 yong4|反应 fan3 ying4|
适应 shi4 ying4|响应 xiang3 ying4|供应 gong1 ying4|对应 dui4 ying4|重新 chong2 xin1|长度 chang2 du4|
校长 xiao4 zhang3|行业 hang2 ye4|步行 bu4 xing2|进行 jin4 xing2|流行 liu2 xing2|不得不 bu4 de2 bu4|
得到 de2 dao4|获得 huo4 de2|值得 zhi2 de5|记得 ji4 de5|懂得 dong3 de5|地方 di4 fang5|地球 di4 qiu2|
土地 tu3 di4|地图 di4 tu2|地址 di4 zhi3|为了 wei4 le5|因为 yin1 wei4|了不起 liao3 bu5 qi3|
模样 mu2 yang4|倒是 dao4 shi4|倒水 dao4 shui3|音量 yin1 liang4|数量 shu4 liang4|质量 zhi4 liang4|
朋友 peng2 you5|东西 dong1 xi5|喜欢 xi3 huan5|知道 zhi1 dao4|时候 shi2 hou5|什么 shen2 me5|
怎么 zen3 me5|一会儿 yi2 hui4 er5|玩儿 wan2 er5|
一个 yi2 ge4|一些 yi4 xie1|一起 yi4 qi3|一样 yi2 yang4|一定 yi2 ding4|一下 yi2 xia4|一直 yi4 zhi2|
一般 yi4 ban1|一点 yi4 dian3|一种 yi4 zhong3|一次 yi2 ci4|一位 yi2 wei4|一条 yi4 tiao2|一天 yi4 tian1|
一年 yi4 nian2|一家 yi4 jia1|一张 yi4 zhang1|一本 yi4 ben3|一件 yi2 jian4|一句 yi2 ju4|一首 yi4 shou3|
一边 yi4 bian1|一百 yi4 bai3|一千 yi4 qian1|一万 yi2 wan4|一亿 yi2 yi4|一切 yi2 qie4|一旦 yi2 dan4|
不是 bu2 shi4|不会 bu2 hui4|不要 bu2 yao4|不对 bu2 dui4|不过 bu2 guo4|不错 bu2 cuo4|不用 bu2 yong4|
不去 bu2 qu4|不但 bu2 dan4|不断 bu2 duan4|不在 bu2 zai4|不到 bu2 dao4|不够 bu2 gou4|不再 bu2 zai4|
不论 bu2 lun4|不必 bu2 bi4|不变 bu2 bian4|不见 bu2 jian4|不怕 bu2 pa4|不太 bu2 tai4|不信 bu2 xin4|
不愿 bu2 yuan4|不料 bu2 liao4|不客气 bu2 ke4 qi5|我们 wo3 men5|你们 ni3 men5|他们 ta1 men5|她们 ta1 men5|它们 ta1 men5|
双重 shuang1 chong2|商量 shang1 liang5|佣金 yong4 jin1|熨斗 yun4 dou3|色子 shai3 zi5|倒水 dao4 shui3|
倒茶 dao4 cha2|倒退 dao4 tui4|倒影 dao4 ying3|倒车 dao4 che1|倒数 dao4 shu3|倒立 dao4 li4|反倒 fan3 dao4|
倒映 dao4 ying4|倒计时 dao4 ji4 shi2|呕吐 ou3 tu4|吐血 tu4 xie3|一宿 yi4 xiu3|舍弃 she3 qi4|舍不得 she3 bu5 de5|舍得 she3 de5|粘贴 zhan1 tie1`;

// Everyday words that the dictionary leaves to its rules: their readings are taken from those.
const RULED = `
取得 心得 得意 得分 得失 得出 得以 得知 测量 量体温 丈量 供奉 口供 上供 记载 三年五载 千载难逢 船只 古刹 刹那
一行人 一场 一场雨 一幢 一服药 一通 一目了然 情不自禁 晕倒 三更半夜 分子 粒子 电子 原子 量子 离子 质子 中子 瓜子
莲子 呱呱 葛根 耙子 粘稠 夹袄 一石 地铁 当地 目的地 地区 地面 地震 地点 地位 地板 地上 地下 地道 地带 地理 地毯
地狱 草地 工地 场地 基地 陆地 产地 内地 外地 本地 各地 天地 田地 园地 领地 境地 高地 绿地 湿地 占地 落地 遍地 满地
随地 就地 实地 质地 余地 阵地 地段 地名 地势 地形 地质 地产 地平线 地雷 地瓜 大地 心地 耕地 殖民地 根据地
一双 一对 一门 一瓶 一碗 一米 一项 一段 一根 一支 一座 一间 一套 一头 一群 一封 一盒 一包 一页 一遍 一趟 一颗 一把
一阵 一层 一道 一度 一栋 一朵 一串 一排 一组 一批 一副 一幅 一篇 一章 一节 一课 一堂 一顿 一口 一份 一台 一部 一只
一名 一杯 一辆 一片 一元 一人 一岁 一斤 一秒 一分 一周 一月 一号 一小时 一分钟 一辈子 一路 一方 一时 一生 一心
三只 四只 五只 六只 七只 八只 九只 十只 这只 那只 每只 百只 长跑 长裤 长发 长袖 很长 多长 太长 特长 变长`;

const MARKS = { '\u0304': 1, '\u0301': 2, '\u030c': 3, '\u0300': 4 };

// "lǜ" is lv4: letters, v for u with two dots, tone 1 to 4, 5 for none.
function numbered(syllable) {
    let letters = '';
    let tone = 5;
    for (const mark of syllable.normalize('NFD')) {
        if (MARKS[mark]) tone = MARKS[mark];
        else if (mark === '\u0308') letters = letters.slice(0, -1) + 'v';
        else letters += mark;
    }
    return letters + tone;
}

const table = new Map();
for (const file of ['dict5', 'dict4', 'dict3', 'dict2']) {
    const path = join(packageFolder, 'dist', 'esm', 'data', `${file}.mjs`);
    const { default: words } = await import(pathToFileURL(path).href);
    for (const [word, reading] of Object.entries(words))
        table.set(word, reading.split(' ').map(numbered).join(' '));
}
for (const [, word, reading] of CHARACTERS.matchAll(/(\S) (\S+)/g))
    table.set(word, reading);
for (const row of WORDS.split('|')) {
    const [word, ...reading] = row.trim().split(' ');
    table.set(word, reading.join(' '));
}

for (const word of RULED.trim().split(/\s+/))
    if (!table.has(word))
        table.set(word, pinyin(word, { toneType: 'num', type: 'array', v: true })
            .map((syllable) => syllable.replace(/0$/, '5')).join(' '));

const rows = [...table].filter(([word, reading]) => [...word].length === reading.split(' ').length);
rows.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
process.stdout.write('# Made by make_pinyin.mjs from pinyin-pro 3.29.4 (MIT, Copyright (c) 2022-present zh-lx)\n');
process.stdout.write(rows.map((row) => row.join('\t') + '\n').join(''));
