//! A picture on the page: its title, what it shows in words, and the same figures as a table.

use charts_rs::svg_with_accessibility;

use crate::output::printable;

/// One picture.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) title: String,
    /// What it shows, in a sentence or two.
    pub(super) says: String,
    pub(super) drawing: Drawing,
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A drawing as SVG.
#[derive(Debug)]
pub(super) enum Drawing {
    /// As wide as the page, and once more for a phone.
    Across { wide: String, narrow: String },
    /// As wide as a column.
    Column(String),
}

impl Figure {
    pub(super) fn html(&self) -> String {
        let named = |svg: &str, class: &str| {
            let svg = svg_with_accessibility(svg, &self.title, &self.says);
            format!("<div class=\"drawing {class}\">{svg}</div>")
        };
        let (class, drawing) = match &self.drawing {
            Drawing::Across { wide, narrow } => {
                ("across", named(wide, "wide") + &named(narrow, "narrow"))
            }
            Drawing::Column(svg) => ("column", named(svg, "")),
        };
        format!(
            "<section class=\"{class}\">\n<h2>{}</h2>\n<figure>\n{drawing}\n<figcaption>{}</figcaption>\n\
             </figure>\n<details><summary>The same in figures</summary>\n{}</details>\n</section>\n",
            escaped(&self.title),
            escaped(&self.says),
            table(&self.header, &self.rows)
        )
    }
}

fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = header
        .iter()
        .map(|name| format!("<th scope=\"col\">{}</th>", escaped(name)))
        .collect();
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(place, cell)| match place {
            0 => format!("<th scope=\"row\">{}</th>", escaped(cell)),
            _ => format!("<td>{}</td>", escaped(cell)),
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )
}

/// The text as HTML shows it, with whatever hides or turns text spelled out.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_stored_becomes_markup() {
        let hostile = "<script>alert('1')</script>&\"\u{202e}";
        assert_eq!(
            escaped(hostile),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\\u{202e}"
        );
    }
}
