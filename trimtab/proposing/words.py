"""What columns are called, in several languages and by several exports.

Names are compared by their words (trimtab.proposing.names), so `likeCount`, `like_count` and `Like count` are one.
Earlier names of a meaning go before later ones; one with a question mark is often called so, but means other things
too.
"""


def listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


NAMES: dict[str, tuple[str, ...]] = {
    "id": listed(
        "id str, ids, post id, tweet id, status id, comment id, submission id, message id, id, object id, media id, "
        "item id, article id, facebook id, cid, guid, uuid, shortcode, identifier, ?uri, post nr, nr, kennung, "
        "identifiant, identificador, identificativo, идентификатор, 编号, 投稿id, ?permalink, ?post url, ?post link, "
        "?url"
    ),
    "platform": listed(
        "platform, social network, network, plattform, netzwerk, reseau, réseau social, plateforme, plataforma, "
        "red social, rede social, piattaforma, платформа, соцсеть, 平台, プラットフォーム, ?source, ?site, "
        "?channel, ?kanal, ?canal, ?канал"
    ),
    "topic": listed(
        "topic, subreddit, campaign, community, category, hashtag, forum, board, group, section, channel, "
        "channel title, channel name, page name, theme, keyword, query, airline, brand, ?flair, ?subject, "
        "thema, kategorie, kampagne, gruppe, rubrik, sujet, thème, catégorie, campagne, tema, categoría, "
        "campaña, grupo, categoria, argomento, onderwerp, тема, категория, группа, 话题, 类别, 主题, トピック, "
        "カテゴリ, ?video id, ?thread id, ?video title"
    ),
    "author": listed(
        "author, author id, user id, user screen name, user id str, owner user id, username, screen name, "
        "user name, user, handle, author username, author name, owner username, account, account id, "
        "author channel id, author display name, poster, creator, posted by, from user, nickname, "
        "author fullname, page id, autor, verfasser, benutzer, benutzername, nutzer, nutzername, auteur, "
        "utilisateur, usuario, usuário, autore, utente, gebruiker, автор, пользователь, 作者, 用户, 用户名, "
        "投稿者, ユーザー, ユーザー名, ?name, ?did, ?by, ?from"
    ),
    "title": listed("title, headline, titel, überschrift, titre, título, titolo, заголовок, 标题, タイトル"),
    "text": listed(
        "full text, text, selftext, body, text original, content, message, caption, tweet, post, tweet text, "
        "post text, comment text, comment, text display, description, desc, inhalt, beitrag, beitragstext, "
        "nachricht, kommentar, beschreibung, texte, contenu, légende, texto, contenido, mensaje, conteúdo, "
        "mensagem, legenda, testo, contenuto, messaggio, tekst, bericht, текст, сообщение, пост, 内容, 正文, "
        "文本, 微博正文, 本文, テキスト, 내용"
    ),
    "link_domain": listed("domain, link domain, url domain, site domain, website, site, domäne, domaine, dominio"),
    "body_chars": listed(
        "selftext len, body chars, body length, body len, selftext length, selftext chars, content length, "
        "text length, text len"
    ),
    "has_image": listed("has image, has photo, is image, has picture, bild, mit bild"),
    "has_video": listed("is video, has video, video, mit video"),
    "has_link": listed("has link, has url, is link, mit link"),
    "no_image": listed("no image, no photo, no media, ohne bild"),
    "no_video": listed("no video, ohne video"),
    "no_link": listed("is self, no link, text only, is text, ohne link"),
    "published": listed(
        "published at, created utc, created at, published, post created, posted at, publish date, "
        "published date, publish time, creation date, create time, created time, created date, created on, "
        "taken at timestamp, taken at, date created, date posted, posted on, posted, timestamp, datetime, "
        "date time, pub date, date utc, date, time, created, when, tweet created, veröffentlicht, "
        "veroeffentlicht am, veröffentlicht am, erstellt am, erstellt, datum, zeitpunkt, zeit, publié le, "
        "date de publication, fecha, fecha de publicación, publicado, publicado em, data, data de publicação, "
        "data di pubblicazione, pubblicato, geplaatst op, дата, дата публикации, опубликовано, 时间, 日期, "
        "发布时间, 投稿日時, 日時, 작성일"
    ),
    "measured": listed(
        "measured at, counted at, snapshot at, snapshot date, snapshot time, collected at, captured at, "
        "observed at, scraped at, crawled at, retrieved on, retrieved at, retrieved utc, fetched at, "
        "scrape date, crawl date, collection date, as of, gemessen am, abgerufen am, erhoben am, stand, "
        "mesuré le, collecté le, medido, recogido, coletado em, rilevato il, собрано, 采集时间, 抓取时间, "
        "取得日時"
    ),
    "known": listed(
        "known at, first seen, first seen at, ingested at, inserted at, loaded at, received at, imported at, "
        "indexed at, known"
    ),
    "likes": listed(
        "likes, like count, favorite count, favourites count, favorites, favourites, num likes, score, "
        "num points, points, upvotes, ups, hearts, reactions, reaction count, digg count, claps, kudos, votes, "
        "gefällt mir, reaktionen, gefaellt mir, gefällt mir angaben, j aime, mentions j aime, me gusta, curtidas, "
        "mi piace, vind ik leuks, лайки, нравится, 点赞, 点赞数, 赞, いいね, いいね数, 좋아요, beğeni"
    ),
    "shares": listed(
        "shares, share count, retweets, retweet count, reposts, repost count, reblogs count, reblogs, boosts, "
        "forwards, num crossposts, quote count, geteilt, geteilte beiträge, teilungen, partages, compartidos, "
        "compartido, compartilhamentos, condivisioni, gedeeld, репосты, 转发, 转发数, リツイート, リツイート数, 공유"
    ),
    "comments": listed(
        "comments, num comments, comment count, replies, reply count, replies count, total reply count, "
        "descendants, answers, responses, answer count, kommentare, antworten, commentaires, réponses, "
        "comentarios, respuestas, comentários, respostas, commenti, risposte, reacties, opmerkingen, "
        "комментарии, ответы, 评论, 评论数, 回复, 返信, 返信数, コメント, コメント数, 댓글"
    ),
    "views": listed(
        "views, view count, impressions, impression count, plays, play count, video views, video view count, "
        "reach, reads, seen by, aufrufe, impressionen, reichweite, vues, portée, visualizaciones, vistas, "
        "alcance, visualizações, visualizzazioni, weergaven, просмотры, охват, 浏览, 浏览量, 播放量, 閲覧数, "
        "表示回数, 조회수"
    ),
    "label": listed(
        "label, sentiment, sentiment label, airline sentiment, polarity, ?target, ?class, gold label, ?stars, "
        "?rating, stimmung, bewertung, sterne, tonalité, sentimiento, polaridad, sentimento, тональность, "
        "оценка, 情感, 情绪, 感情"
    ),
    "labelled": listed("labelled at, labeled at, annotated at, label date, rated at, judged at"),
    "labeller": listed("labeller, labeler, annotator, annotator id, rater, worker id, coder, labelled by"),
}

# Words that say that a column is a number of something, or of which thing: dropped before a second comparison.
FILLERS = frozenset(
    listed(
        "count, counts, num, number, nb, no, n, of, total, anzahl, zahl, der, nombre, de, des, numero, número, "
        "d, quantidade, cantidad, количество, число, the, str, raw, value, column, public, metrics, 数"
    )
)
OBJECTS = frozenset(
    listed(
        "post, posts, tweet, tweets, status, statuses, submission, media, item, article, story, message, video, "
        "comment, beitrag, publication, publicación, publicacion, publicação, publicacao, пост"
    )
)
# A column of the one who posts: his followers are no count of the post, his entry date is not its publication.
OWNERS = frozenset(
    listed(
        "user, users, author, account, profile, owner, follower, followers, following, friend, friends, "
        "subscriber, subscribers, subscribed, member, members, poster, page, listed, statuses, benutzer, "
        "nutzer, autor, auteur, usuario"
    )
)
# A column of another post, or of a later event.
OTHERS = frozenset(
    listed(
        "parent, quoted, quoting, retweeted, reblogged, reply, original, previous, next, edited, updated, "
        "modified, deleted, removed, approved, banned, last, pinned, expires, ended, scheduled, geändert, "
        "aktualisiert, modifié"
    )
)
# What an author has; the author is the one without any of these.
ATTRIBUTES = frozenset(
    listed(
        "count, counts, followers, following, friends, statuses, listed, created, url, description, location, "
        "verified, bio, flair, image, avatar, picture, lang, language, subscribers, age, gender, posts, karma"
    )
)
# Columns from whose values a person might be told.
PERSONAL = frozenset(
    listed(
        "user, author, account, owner, name, username, screen, handle, nickname, email, mail, phone, ip, "
        "address, creator, poster, autor, benutzer, nutzer, auteur, usuario, автор, 作者, 用户, 投稿者"
    )
)

# Columns that only one platform's exports have.
HABITS: dict[str, tuple[str, ...]] = {
    "reddit": listed("subreddit, selftext, selftext len, subreddit id, link flair text"),
    "twitter": listed("tweet id, tweet, tweet text, retweet count, retweets, tweet created, airline sentiment"),
    "mastodon": listed("reblogs count, spoiler text"),
    "youtube": listed("text original, text display, author channel id, video id"),
    "tiktok": listed("digg count, author meta"),
    "instagram": listed("shortcode, owner username, taken at timestamp"),
    "facebook": listed("facebook id, total interactions"),
    "telegram": listed("forwards"),
    "stackoverflow": listed("post type id, answer count"),
    "bluesky": listed("repost count, did"),
}
HOSTS_OF: dict[str, tuple[str, ...]] = {
    "reddit": listed("reddit.com, redd.it"),
    "twitter": listed("twitter.com, x.com"),
    "youtube": listed("youtube.com, youtu.be"),
    "instagram": listed("instagram.com"),
    "tiktok": listed("tiktok.com"),
    "facebook": listed("facebook.com"),
    "linkedin": listed("linkedin.com"),
    "hackernews": listed("news.ycombinator.com"),
    "bluesky": listed("bsky.app"),
    "telegram": listed("t.me"),
    "mastodon": listed("mastodon.social"),
    "weibo": listed("weibo.com"),
    "vk": listed("vk.com"),
    "threads": listed("threads.net"),
    "pinterest": listed("pinterest.com"),
}
HOSTS = {host: platform for platform, hosts in HOSTS_OF.items() for host in hosts}
# What else platforms are called, and those without a host above.
CALLED: dict[str, tuple[str, ...]] = {
    "reddit": listed("subreddit"),
    "twitter": listed("tweet, semeval, sentiment140"),
    "youtube": listed("yt"),
    "instagram": listed("insta, ig"),
    "facebook": listed("fb"),
    "hackernews": listed("hn, hacker news"),
    "mastodon": listed("toot"),
    "weibo": listed("微博"),
    "x": listed("x"),
    "lobsters": listed("lobsters"),
    "medium": listed("medium"),
    "tumblr": listed("tumblr"),
    "discord": listed("discord"),
    "stackoverflow": listed("stackoverflow"),
    "snapchat": listed("snapchat"),
    "quora": listed("quora"),
}
PLATFORMS = {name: name for name in HOSTS_OF} | {name: platform for platform, names in CALLED.items() for name in names}

SENTIMENTS: dict[str, tuple[str, ...]] = {
    "negative": listed(
        "negative, neg, bad, negativ, négatif, négative, negativo, negativa, negatief, негативный, негатив, "
        "отрицательный, 负面, 消极, ネガティブ, 부정"
    ),
    "neutral": listed(
        "neutral, neu, none, neutre, neutro, neutrale, neutraal, нейтральный, нейтрально, 中性, 中立, "
        "ニュートラル, 중립"
    ),
    "positive": listed(
        "positive, pos, good, positiv, positif, positivo, positiva, positief, позитивный, позитив, "
        "положительный, 正面, 积极, ポジティブ, 긍정"
    ),
}
