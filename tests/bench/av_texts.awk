# Sentences full of p, b and m, most of them between open sounds: their closures can be told from
# the sound. Usage: awk -f av_texts.awk -v language=en|zh|beeps -v count=N
function pick(words,   many, list) {
	many = split(words, list, "|")
	return list[int(rand() * many) + 1]
}
function english() {
	return pick("Maybe|Sometimes|By now|Somehow|Probably|Today") " " \
		pick("my happy puppy|a super robot|the summer rabbit|our baby camel|your copper spaceship|every busy beaver|the lazy hippo") " " \
		pick("remembers|repairs|swaps|hopes for|chews upon|stays above|copies|wraps up") " " \
		pick("a paper apple|the ruby ribbon|a purple hobby|my upper lobby|the memory of a tomato|some pepper|a cosy cabin|the sea by the opera") " " \
		pick("above a puppet|so people may see a bee|over a busy bay|as Mama wipes a supper bowl|while Papa mows a meadow|if Amy may buy a ruby|or I may be home by May") "."
}
function chinese() {
	return pick("爸爸|妈妈|妹妹|伯伯|婆婆|我爸爸|你妈妈|他妹妹") \
		pick("不怕|跑步去买|喜爱摸|把大|不买|抱着|每回都怕|爬过去摸") \
		pick("白马|花猫|大葡萄|老玛瑙|小木马|皮袄|书包|毛笔|大白菜|布娃娃") "，" \
		pick("所以|我也|可是|大家都|他还") \
		pick("没跑步|不买米|怕迷路|抱抱布马|不必买毛笔|摸摸猫|把步子迈大|爱跑马") "。"
}
BEGIN {
	srand(7)
	for (i = 0; i < count; i++)
		if (language == "zh")
			print chinese()
		else if (language == "en")
			print english()
		else
			print "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
}
